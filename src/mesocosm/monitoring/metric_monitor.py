"""The monitor of a service's own metrics: raises an alert where one of them changes for the worse,
and closes it where that is over.

Knows metrics and the catalog; `ServiceMonitor` calls it once a look.
"""

from __future__ import annotations

from mesocosm.core.messages import Message
from mesocosm.core.values.durations import seconds
from mesocosm.monitoring.anomaly import MetricDetector
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.serving.rollout.transitions import fall_back

MIN_WINDOW = 10.0  # seconds of requests that a metric is computed over, at least


class MetricMonitor:
    """Anomalies in the rate, latency and errors of one service."""

    def __init__(self, state: MonitorState) -> None:
        self.state = state
        self.detectors: dict[str, MetricDetector] = {}  # by metric

    def look(self) -> list[str]:
        """Test every watched metric and react where the monitor says so; the ids of alerts
        raised.
        """
        anomaly = self.state.monitor.anomaly
        if not anomaly or not self.state.served.times:
            return []
        window = max(MIN_WINDOW, seconds(self.state.monitor.every))
        raised = []
        for metric, value in self.state.served.metrics(window).items():
            if metric in anomaly.on and value is not None:  # without requests there is no metric
                raised += self._test(metric, value, window, anomaly.method)
        return raised

    def _test(self, metric: str, value: float, window: float, method: str) -> list[str]:
        detector = self.detectors.setdefault(metric, MetricDetector(metric, method))
        change = detector.see(value)
        now = self.state.catalog.clock()
        alerts = [
            a for a in self.state.open_alerts("anomaly") if a["detail"].get("figure") == metric
        ]
        for alert in alerts:
            if why := detector.explain_end(value, now, window, alert["detail"]):
                self.state.close(alert, why)
        if not change or alerts:
            return []
        name = self.state.served.name
        message = Message(
            "monitoring.metric_anomaly",
            metric=metric,
            service=name,
            value=value,
            before=change["before"],
        )
        raised = self.state.raise_alert("anomaly", message, {"figure": metric, **change})
        self._react(str(message))
        return [raised]

    def _react(self, why: str) -> None:
        acts, name = self.state.monitor.on_anomaly, self.state.served.name
        if "rollback" in acts:
            self.state.rollback(name, why)
        elif "fallback" in acts:
            fallback = self.state.served.service.fallback
            fall_back(self.state.catalog, name, fallback, self.state.name, why)
