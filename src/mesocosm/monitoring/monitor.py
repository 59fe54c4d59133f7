"""A monitor at work: looks at live inputs, labels and metrics, has drift diagnosed, raises and
closes alerts, and triggers remediations.

Knows its parts, each of which looks at one thing. Traffic and drills are evaluated apart.
"""

from __future__ import annotations

from collections.abc import Callable

from mesocosm.catalog import Catalog
from mesocosm.monitoring.drift.monitor import DriftMonitor
from mesocosm.monitoring.labels.monitor import LabelMonitor
from mesocosm.monitoring.metric_monitor import MetricMonitor
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.rejection_monitor import RejectionMonitor
from mesocosm.monitoring.request_stream import RequestStream
from mesocosm.monitoring.settings import Monitor
from mesocosm.monitoring.surge.monitor import SurgeMonitor
from mesocosm.serving.requests.request_marks import MARKS
from mesocosm.serving.service import LiveService


class ServiceMonitor(MonitorState):
    """One monitor at work; its parts look in turn."""

    def __init__(
        self,
        name: str,
        monitor: Monitor,
        served: LiveService,
        catalog: Catalog,
        retrain: Callable[[str, str], None],
        rollback: Callable[[str, str], None],
    ) -> None:
        super().__init__(name, monitor, served, catalog, retrain, rollback)
        self.streams = {mark: RequestStream(mark, self.began) for mark in ("", *MARKS)}
        self.rejections = RejectionMonitor(self)
        self.labels = LabelMonitor(self)
        self.drift = DriftMonitor(self, self.labels)
        self.metrics = MetricMonitor(self)
        self.surge = SurgeMonitor(self)

    @property
    def since(self) -> float:
        """The newest request of the traffic that was tested."""
        return self.streams[""].since

    def look(self) -> list[str]:
        """Look once at everything; returns the ids of alerts raised."""
        raised = self.rejections.look()
        for stream in self.streams.values():
            raised += [*self.drift.look(stream), *self.labels.look(stream)]
        return [*raised, *self.metrics.look(), *self.surge.look()]
