"""Suggested changes of services and monitors: abstention, monitoring, rollouts, windows, alarms and
reactions.

Knows logged requests with their labels, deployments and alerts of the last days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mesocosm.assistant.proposal import DAYS, Proposal
from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import DiagnosisData
from mesocosm.catalog.rows import AlertRow, LabelledRow
from mesocosm.config import Spec
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.settings import Service

UNSURE = 0.1  # the share of predictions that would be left to a person
TOLD = 100  # labels from which on the accuracy of a tenth is measured
WIDER = 0.2  # by how much less accurate the least confident predictions must be
SLOW = 7.0  # days that a monitor's window may take to fill
QUIET = 3  # harmless alerts from which on they are too many
LEAST_WINDOW, MOST_WINDOW = 30, 200  # requests
SECONDS = 86400  # of a day


@dataclass(frozen=True)
class Observed:
    """A service or a monitor, and what is read of it.

    Args:
        spec: the file.
        catalog: where requests, deployments and alerts are logged.
        name: the name of the service or the monitor.
    """

    spec: Spec
    catalog: Catalog
    name: str

    @property
    def since(self) -> float:
        """The second from which on what is logged is read."""
        return self.catalog.clock() - DAYS * SECONDS

    @property
    def service(self) -> Service:
        """The service's settings."""
        return self.spec.eco.services[self.name]

    @property
    def monitor(self) -> Monitor:
        """The monitor's settings."""
        return self.spec.eco.monitors[self.name]


def suggest_for_services(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    """Changes of each service that serves a model."""
    for name, service in spec.eco.services.items():
        if service.model:
            for suggest in SERVICE_SUGGESTIONS:
                yield from suggest(Observed(spec, catalog, name))


def suggest_for_monitors(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    """Changes of each monitor."""
    for name in spec.eco.monitors:
        for suggest in MONITOR_SUGGESTIONS:
            yield from suggest(Observed(spec, catalog, name))


def _suggest_abstention(observed: Observed) -> Iterator[Proposal]:
    """To abstain on the least confident tenth, where it is much less accurate than the rest."""
    labelled = _sort_by_confidence(_read_labelled(observed))
    if observed.service.abstain or len(labelled) < TOLD:
        return
    tenth = int(len(labelled) * UNSURE)
    least, others = _accuracy(labelled[:tenth]), _accuracy(labelled[tenth:])
    if others - least < WIDER:
        return
    why = (
        f"of {len(labelled)} predictions with a true label, the least confident tenth has accuracy"
        f" {least:.0%} and the others {others:.0%}; the service would abstain on it and leave it"
        " to a person"
    )
    yield Proposal(f"services.{observed.name}.abstain", None, UNSURE, why)


def _sort_by_confidence(labelled: Sequence[LabelledRow]) -> list[LabelledRow]:
    """The predictions that have a probability, the least confident first."""
    confident = [row for row in labelled if "probability" in row["output"]]
    return sorted(confident, key=lambda row: float(str(row["output"]["probability"])))


def _read_labelled(observed: Observed) -> list[LabelledRow]:
    """The predictions of labels that have a true one."""
    labelled = observed.catalog.labelled(observed.name, observed.since)
    return [row for row in labelled if "label" in row["output"]]


def _accuracy(labelled: Sequence[LabelledRow]) -> float:
    """The share of predictions that have their true label."""
    right: list[bool] = [str(row["output"]["label"]) == row["label"] for row in labelled]
    return float(sum(right) / len(right))


def _suggest_monitor(observed: Observed) -> Iterator[Proposal]:
    """A drift monitor, where a service has none."""
    name = observed.name
    if name in {monitor.service for monitor in observed.spec.eco.monitors.values()}:
        return
    requests = len(observed.catalog.predictions(name, MOST_WINDOW, observed.since))
    window = max(LEAST_WINDOW, min(MOST_WINDOW, requests or 100))
    rule = {
        "service": name,
        "every": "1m",
        "drift": {"false_alarms": "1/month", "window": window},
        "on_drift": ["alert", "retrain"],
    }
    why = f"no monitor watches '{name}', so drift of its requests would go unnoticed"
    yield Proposal(f"monitors.{name}-watch", None, rule, why)


def _suggest_rollout(observed: Observed) -> Iterator[Proposal]:
    """A canary, where versions are deployed often and each at once for all requests."""
    name, service = observed.name, observed.service
    if service.rollout.method != "direct" or not _is_retrained(observed):
        return
    since = observed.since
    updates = [d for d in observed.catalog.deployments(name) if d["at"] >= since]
    if len(updates) < 2:
        return
    why = (
        f"{len(updates)} versions were deployed in {DAYS:.0f} days, each at once for all requests;"
        " a canary exposes few of them to a bad one"
    )
    yield Proposal(f"services.{name}.rollout", "direct", {"strategy": "canary"}, why)


def _is_retrained(observed: Observed) -> bool:
    """Whether a service's model is trained again, by the clock or by a monitor."""
    if observed.service.update.every:
        return True
    monitors = observed.spec.eco.monitors.values()
    return any("retrain" in m.on_drift for m in monitors if m.service == observed.name)


def _suggest_window(observed: Observed) -> Iterator[Proposal]:
    """A smaller window, where few requests come."""
    drift = observed.monitor.drift
    if not drift or drift.window <= LEAST_WINDOW:
        return
    rows, days = _count_recent(observed)
    if not 0 < rows < drift.window or days < 1:
        return
    why = (
        f"{rows} rows came in {days:.0f} days, so a window of {drift.window} is not full for"
        " weeks, and until then nothing is compared"
    )
    window = max(LEAST_WINDOW, rows)
    yield Proposal(f"monitors.{observed.name}.drift.window", drift.window, window, why)


def _count_recent(observed: Observed) -> tuple[int, float]:
    """How many rows came to a monitor's service of late, and in how many days."""
    catalog, now = observed.catalog, observed.catalog.clock()
    rows = catalog.predictions(observed.monitor.service, 5000, now - SLOW * SECONDS)
    if not rows:
        return 0, 0.0
    return len(rows), (now - rows[-1]["at"]) / SECONDS


def _diagnoses(observed: Observed) -> list[DiagnosisData]:
    """The diagnoses of a monitor's alerts."""
    details = [alert["detail"] for alert in _read_alerts(observed)]
    return [detail["verdict"] for detail in details if detail.get("verdict")]


def _read_alerts(observed: Observed) -> list[AlertRow]:
    """The alerts of a monitor in the last days."""
    since = observed.since
    alerts = [alert for alert in observed.catalog.alerts(most=2000) if alert["at"] >= since]
    return [alert for alert in alerts if alert["monitor"] == observed.name]


def _count_remedy(observed: Observed, remedy: str) -> int:
    """How many diagnoses of a monitor's alerts name a remediation."""
    return sum(found.get("remedy") == remedy for found in _diagnoses(observed))


def _suggest_fewer_alarms(observed: Observed) -> Iterator[Proposal]:
    """Fewer false alarms, where several alerts did no harm."""
    drift = observed.monitor.drift
    if not drift or drift.false_alarms == "1/year":
        return
    harmless = _count_remedy(observed, "nothing")
    if harmless >= QUIET:
        why = f"{harmless} alerts in {DAYS:.0f} days were diagnosed as harmless"
        at = f"monitors.{observed.name}.drift.false_alarms"
        yield Proposal(at, drift.false_alarms, "1/year", why)


def _suggest_reaction(observed: Observed) -> Iterator[Proposal]:
    """A remediation that diagnoses asked for and the monitor does not run."""
    reactions = list(observed.monitor.on_drift)
    for remedy in ("retrain", "recalibrate"):
        count = _count_remedy(observed, remedy)
        if count and remedy not in reactions:
            why = f"{count} diagnoses in {DAYS:.0f} days asked to {remedy}, and it was not done"
            yield Proposal(
                f"monitors.{observed.name}.on_drift", reactions, [*reactions, remedy], why
            )
            return


def _suggest_surge(observed: Observed) -> Iterator[Proposal]:
    """An alert on abstention, where a service abstains much more often than is usual."""
    usual = _usual_abstention(observed)
    if not usual or observed.monitor.surge:
        return
    rows = observed.catalog.predictions(observed.monitor.service, 1000, observed.since)
    share = sum(bool(row["output"].get("unsure")) for row in rows) / max(1, len(rows))
    if len(rows) < TOLD or share <= 2 * usual:
        return
    why = (
        f"the service abstained on {share:.0%} of the last {len(rows)} requests, where"
        f" {usual:.0%} is usual; a surge would raise an alert"
    )
    yield Proposal(f"monitors.{observed.name}.surge", None, {"unsure": True, "times": 2}, why)


def _usual_abstention(observed: Observed) -> float | None:
    """The share on which the service of a monitor abstains; None where it does not."""
    service = observed.spec.eco.services.get(observed.monitor.service)
    if service is None:
        return None
    return service.abstain


Suggestion = Callable[[Observed], Iterator[Proposal]]
SERVICE_SUGGESTIONS: tuple[Suggestion, ...] = (
    _suggest_abstention,
    _suggest_monitor,
    _suggest_rollout,
)
MONITOR_SUGGESTIONS: tuple[Suggestion, ...] = (
    _suggest_window,
    _suggest_fewer_alarms,
    _suggest_reaction,
    _suggest_surge,
)
