"""The watch: looks at live inputs, labels and figures, has what moved diagnosed, raises and closes
alerts, and asks for what fits.

Knows its parts, each of which looks at one thing. Traffic and drills are judged apart.
"""

from __future__ import annotations

from collections.abc import Callable

from mesocosm.catalog import Catalog
from mesocosm.operate.drift_watch import DriftWatch
from mesocosm.operate.figure_watch import FigureWatch
from mesocosm.operate.label_watch import LabelWatch
from mesocosm.operate.marks import MARKS
from mesocosm.operate.refusal_watch import RefusalWatch
from mesocosm.operate.served import Served
from mesocosm.operate.service import Monitor
from mesocosm.operate.stream import Stream
from mesocosm.operate.surge_watch import SurgeWatch
from mesocosm.operate.watched import Watched


class Watch(Watched):
    """One monitor at work; its parts look in turn."""

    def __init__(
        self,
        name: str,
        monitor: Monitor,
        served: Served,
        catalog: Catalog,
        retrain: Callable[[str, str], None],
        rollback: Callable[[str, str], None],
    ) -> None:
        super().__init__(name, monitor, served, catalog, retrain, rollback)
        self.streams = {mark: Stream(mark, self.began) for mark in ("", *MARKS)}
        self.refusals = RefusalWatch(self)
        self.labels = LabelWatch(self)
        self.drift = DriftWatch(self, self.labels)
        self.figures = FigureWatch(self)
        self.surge = SurgeWatch(self)

    @property
    def since(self) -> float:
        """The newest request of the traffic that was tested."""
        return self.streams[""].since

    def look(self) -> list[str]:
        """One look; returns the ids of alerts raised."""
        raised = self.refusals.look()
        for stream in self.streams.values():
            raised += [*self.drift.look(stream), *self.labels.look(stream)]
        return [*raised, *self.figures.look(), *self.surge.look()]
