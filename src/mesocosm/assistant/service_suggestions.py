"""Suggested changes of services and monitors: abstention, monitoring, rollouts, windows, alarms and
reactions.

Knows logged requests with their labels, deployments and alerts of the last days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesocosm.assistant.proposal import DAYS, Proposal
from mesocosm.catalog import Catalog
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
    labelled = [
        row
        for row in observed.catalog.labelled(observed.name, observed.since)
        if "label" in row["output"] and "probability" in row["output"]
    ]
    if observed.service.abstain or len(labelled) < TOLD:
        return
    labelled.sort(key=lambda row: float(str(row["output"]["probability"])))
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


def _accuracy(labelled: Sequence[Mapping[str, Any]]) -> float:
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
    monitors = observed.spec.eco.monitors.values()
    reacts = any("retrain" in m.on_drift for m in monitors if m.service == name)
    if service.rollout.method != "direct" or not (reacts or service.update.every):
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


def _suggest_window(observed: Observed) -> Iterator[Proposal]:
    """A smaller window, where few requests come."""
    drift, catalog = observed.monitor.drift, observed.catalog
    if not drift or drift.window <= LEAST_WINDOW:
        return
    service, now = observed.monitor.service, catalog.clock()
    rows = catalog.predictions(service, 5000, now - SLOW * SECONDS)
    if not rows or len(rows) >= drift.window:
        return
    days = (now - rows[-1]["at"]) / SECONDS
    if days < 1:
        return
    why = (
        f"{len(rows)} rows came in {days:.0f} days, so a window of {drift.window} is not full for"
        " weeks, and until then nothing is compared"
    )
    window = max(LEAST_WINDOW, len(rows))
    yield Proposal(f"monitors.{observed.name}.drift.window", drift.window, window, why)


def _diagnoses(observed: Observed) -> list[Mapping[str, Any]]:
    """The diagnoses of a monitor's alerts."""
    since = observed.since
    alerts = [a for a in observed.catalog.alerts(most=2000) if a["at"] >= since]
    own = [alert["detail"] for alert in alerts if alert["monitor"] == observed.name]
    return [detail["verdict"] for detail in own if detail.get("verdict")]


def _suggest_fewer_alarms(observed: Observed) -> Iterator[Proposal]:
    """Fewer false alarms, where several alerts did no harm."""
    drift = observed.monitor.drift
    if not drift or drift.false_alarms == "1/year":
        return
    harmless = [found for found in _diagnoses(observed) if found.get("remedy") == "nothing"]
    if len(harmless) >= QUIET:
        why = f"{len(harmless)} alerts in {DAYS:.0f} days were diagnosed as harmless"
        at = f"monitors.{observed.name}.drift.false_alarms"
        yield Proposal(at, drift.false_alarms, "1/year", why)


def _suggest_reaction(observed: Observed) -> Iterator[Proposal]:
    """A remediation that diagnoses asked for and the monitor does not run."""
    reactions, diagnoses = list(observed.monitor.on_drift), _diagnoses(observed)
    for remedy in ("retrain", "recalibrate"):
        count = sum(found.get("remedy") == remedy for found in diagnoses)
        if count and remedy not in reactions:
            why = f"{count} diagnoses in {DAYS:.0f} days asked to {remedy}, and it was not done"
            yield Proposal(
                f"monitors.{observed.name}.on_drift", reactions, [*reactions, remedy], why
            )
            return


def _suggest_surge(observed: Observed) -> Iterator[Proposal]:
    """An alert on abstention, where a service abstains much more often than is usual."""
    monitor = observed.monitor
    service = observed.spec.eco.services.get(monitor.service)
    if not service or not service.abstain or monitor.surge:
        return
    rows = observed.catalog.predictions(monitor.service, 1000, observed.since)
    if len(rows) < TOLD:
        return
    share = sum(bool(row["output"].get("unsure")) for row in rows) / len(rows)
    if share <= 2 * service.abstain:
        return
    why = (
        f"the service abstained on {share:.0%} of the last {len(rows)} requests, where"
        f" {service.abstain:.0%} is usual; a surge would raise an alert"
    )
    yield Proposal(f"monitors.{observed.name}.surge", None, {"unsure": True, "times": 2}, why)


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
