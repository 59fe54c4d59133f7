"""The stability and the experience of services: success rate, alerts, Apdex, abstention and
accuracy.

Knows the catalog and logged requests. Every score is a share that its sentence explains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import NotRequired, TypedDict

from mesocosm.catalog import Catalog
from mesocosm.catalog.recent_predictions import count_unsure
from mesocosm.catalog.rows import AlertRow, LabelledRow
from mesocosm.config import Spec
from mesocosm.core.messages import Message
from mesocosm.core.values.durations import seconds
from mesocosm.monitoring.alert_message import alert_text
from mesocosm.reports.report_data import ServiceFigures
from mesocosm.serving.http.access_log import Request
from mesocosm.serving.settings import Service

DAYS = 30.0  # of requests, alerts and labels that are counted
ASKED = 5000  # newest predictions of a service that are read
GOAL_MS = 100.0  # the latency goal, where the service has no 'target'
FEW = 20  # labels under which accuracy is not measured
LEAST_APDEX = 0.85  # under which there is a recommendation


class MeasuredPart(TypedDict):
    """A score as it was measured, with the score of what was there `before`, and what to do
    `next`.
    """

    score: float | None
    before: NotRequired[float | None]
    says: Message
    figures: dict[str, object]
    next: list[Message]


@dataclass(frozen=True)
class Traffic:
    """The requests that are counted.

    Args:
        requests: those since a time, the oldest first.
        since: the time, in seconds.
        cut: whether older ones were left out, as there are too many.
    """

    requests: Sequence[Request]
    since: float
    cut: bool

    @property
    def text(self) -> Message:
        """Which requests are counted; where older ones are left out, how many there are and since
        when.
        """
        if not self.cut or not self.requests:
            return Message("reports.requests_of_days", days=DAYS)
        first = datetime.fromtimestamp(self.requests[0].at, UTC)
        return Message(
            "reports.newest_requests",
            requests=len(self.requests),
            since=f"{first:%Y-%m-%d %H:%M}",
        )


def round_score(value: float | None) -> float | None:
    """A score with four digits after the point; None stays None."""
    if value is None:
        return None
    return round(value, 4)


def success_rate(requests: Sequence[Request]) -> float | None:
    """The share of requests without a server error; None where there are none.

    >>> success_rate([Request(0.0, "desk", status, 1.0) for status in (200, 422, 503, 200)])
    0.75
    >>> print(success_rate([]))
    None
    """
    if not requests:
        return None
    return 1 - sum(request.status >= 500 for request in requests) / len(requests)


def apdex(latencies: Sequence[float], goal: float) -> float | None:
    """Apdex: of latencies (ms), those within the goal, and half of those within four times as long;
    None where there are none.

    Source: Apdex Alliance 2007, Application Performance Index - Apdex Technical Specification 1.1.

    >>> apdex([50, 90, 300, 900], 100)
    0.625
    """
    satisfied = sum(ms <= goal for ms in latencies)
    tolerated = sum(goal < ms <= 4 * goal for ms in latencies)
    if not latencies:
        return None
    return (satisfied + tolerated / 2) / len(latencies)


def _latency_goal(service: Service) -> float:
    """Milliseconds."""
    if service.batch.target:
        return seconds(service.batch.target) * 1000
    return GOAL_MS


def _latencies(requests: Sequence[Request], service: str) -> list[float]:
    """The latencies of a service's successful requests, sorted."""
    return sorted(r.ms for r in requests if r.service == service and r.status < 400)


def apdex_of_all(spec: Spec, requests: Sequence[Request]) -> float | None:
    """The Apdex of all services, each request counted once."""
    total, count = 0.0, 0
    for name, service in spec.eco.services.items():
        latencies = _latencies(requests, name)
        score = apdex(latencies, _latency_goal(service))
        if score is not None:
            total += score * len(latencies)
            count += len(latencies)
    if not count:
        return None
    return total / count


def measure_stability(spec: Spec, catalog: Catalog, traffic: Traffic) -> MeasuredPart:
    """The success rate, with alerts, restarts and rollbacks."""
    requests, since = traffic.requests, traffic.since
    alerts = [alert for alert in catalog.alerts(most=2000) if alert["at"] >= since]
    open_alerts = catalog.alerts(open_only=True, marked=True)
    acts = Counter(entry["act"] for entry in catalog.audit(5000) if entry["at"] >= since)
    return {
        "score": success_rate(requests),
        "says": Message("reports.success_rate", requests=traffic.text),
        "figures": {
            "requests": len(requests),
            "failed": sum(request.status >= 500 for request in requests),
            "alerts": len(alerts),
            "open": len(open_alerts),
            "minutes_to_clear": _minutes_to_clear(alerts),
            "worker_restarts": acts["restart"],
            "taken_back": acts["returned"],
        },
        "next": [*_alert_advice(open_alerts[:5]), *_monitor_advice(spec)],
    }


def _alert_advice(alerts: Sequence[AlertRow]) -> Iterator[Message]:
    """That alerts are open."""
    for alert in alerts:
        text = alert_text(alert)
        yield Message("reports.open_alert", monitor=alert["monitor"], message=text)


def _monitor_advice(spec: Spec) -> Iterator[Message]:
    """That services have no monitor."""
    for name in _unwatched_services(spec):
        yield Message("reports.no_monitor", name=name)


def _unwatched_services(spec: Spec) -> list[str]:
    """The services of models that no monitor watches."""
    watched = {monitor.service for monitor in spec.eco.monitors.values()}
    serving = [name for name, service in spec.eco.services.items() if service.model]
    return [name for name in serving if name not in watched]


def _minutes_to_clear(alerts: Sequence[AlertRow]) -> float | None:
    """The median time until an alert cleared."""
    durations = [alert["cleared_at"] - alert["at"] for alert in alerts if alert["cleared_at"]]
    if not durations:
        return None
    return float(round(median(durations) / 60, 1))


def measure_experience(spec: Spec, catalog: Catalog, traffic: Traffic) -> MeasuredPart:
    """The Apdex, with abstention and accuracy of each service."""
    figures: dict[str, object] = {}
    advice: list[Message] = []
    for name, service in spec.eco.services.items():
        requests, abstained = count_unsure(catalog, name, ASKED, traffic.since)
        share = abstained / max(1, requests)
        figure = _service_figures(catalog, name, service, traffic, share)
        figures[name] = figure
        if service.abstain and requests >= FEW and share > 2 * service.abstain:
            advice.append(
                Message(
                    "reports.abstains_often",
                    name=name,
                    share=share,
                    usual=service.abstain,
                    model=service.model,
                )
            )
        advice += _service_advice(name, service, figure, requests)
    return {
        "score": apdex_of_all(spec, traffic.requests),
        "says": Message("reports.apdex", requests=traffic.text, goal=GOAL_MS),
        "figures": figures,
        "next": advice,
    }


def _service_figures(
    catalog: Catalog, name: str, service: Service, traffic: Traffic, abstained: float
) -> ServiceFigures:
    """What was measured of a service, of whose predictions a share has no answer (`abstained`)."""
    goal, latencies = _latency_goal(service), _latencies(traffic.requests, name)
    labelled = [r for r in catalog.labelled(name, traffic.since) if "label" in r["output"]]
    figure: ServiceFigures = {
        "goal_ms": goal,
        "requests": len(latencies),
        "apdex": round_score(apdex(latencies, goal)),
        "p95_ms": None,
        "unsure": None,
        "labels": len(labelled),
        "right": _accuracy_of(labelled),
    }
    if latencies:
        figure["p95_ms"] = round(latencies[int(0.95 * (len(latencies) - 1))], 1)
    if service.abstain:
        figure["unsure"] = round_score(abstained)
    return figure


def _accuracy_of(labelled: Sequence[LabelledRow]) -> float | None:
    """The share of labelled predictions that are right; None where there are none."""
    if not labelled:
        return None
    right = sum(str(row["output"]["label"]) == row["label"] for row in labelled)
    return round(right / len(labelled), 4)


def _is_slow(figure: ServiceFigures) -> bool:
    """Whether a service answers much later than its goal."""
    return figure["apdex"] is not None and figure["apdex"] < LEAST_APDEX


def _service_advice(
    name: str, service: Service, figure: ServiceFigures, requests: int
) -> Iterator[Message]:
    """What to do about a service that gets no labels, or is slow."""
    if service.model and requests >= 10 * FEW and figure["labels"] < FEW:
        yield Message(
            "reports.few_labels",
            count=figure["labels"],
            requests=requests,
            name=name,
            model=service.model,
        )
    if _is_slow(figure):
        yield Message("reports.slow", name=name, p95=figure["p95_ms"], goal=figure["goal_ms"])
