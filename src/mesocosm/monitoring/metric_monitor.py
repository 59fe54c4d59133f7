"""The watch over figures: raises an alert where one of them jumps, and closes it where that
is over.

Knows figures and the catalog; the rest of the watch asks it once a look.
"""

from __future__ import annotations

from mesocosm.core.durations import seconds
from mesocosm.monitoring.anomaly import MetricDetector
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.serving.rollout.transitions import fall_back


class MetricMonitor:
    """What one monitor makes of the pace and the errors of its service."""

    def __init__(self, watch: MonitorState) -> None:
        self.watch = watch
        self.figures: dict[str, MetricDetector] = {}  # those in which anomalies are looked for

    def look(self) -> list[str]:
        """Figures that jump; what the monitor wants done then is done."""
        anomaly = self.watch.monitor.anomaly
        if not anomaly or not self.watch.served.times:
            return []
        raised = []
        window, now, opened = (
            max(10.0, seconds(self.watch.monitor.every)),
            self.watch.catalog.clock(),
            self.watch.opened("anomaly"),
        )
        for key, value in self.watch.served.figures(window).items():
            if key not in anomaly.on or value is None:  # no request, no figure
                continue
            figure = self.figures.setdefault(key, MetricDetector(key, anomaly.method))
            found, mine = figure.see(value), [a for a in opened if a["detail"].get("figure") == key]
            for alert in mine:
                if why := figure.over(value, now, window, alert["detail"]):
                    self.watch.close(alert, why)
            if found and not mine:
                message = (
                    f"{key} of {self.watch.served.name} changed to {value:.4g}, where"
                    f" {found['before']:.4g} was usual"
                )
                raised.append(
                    self.watch.catalog.alert(
                        self.watch.name,
                        self.watch.served.name,
                        "anomaly",
                        message,
                        {"figure": key, **found},
                    )
                )
                if "rollback" in self.watch.monitor.on_anomaly:
                    self.watch.rollback(self.watch.served.name, message)
                elif "fallback" in self.watch.monitor.on_anomaly:
                    fall_back(
                        self.watch.catalog,
                        self.watch.served.name,
                        self.watch.served.service.fallback,
                        self.watch.name,
                        message,
                    )
        return raised
