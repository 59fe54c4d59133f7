"""What the parts of a monitor share: its settings, its service, and which of its alerts are open.

Knows the catalog. It is handed the ways to retrain and to roll back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import AlertRow, PredictionRow
from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json
from mesocosm.monitoring.alert_message import with_message
from mesocosm.monitoring.drift.reference import ReferenceSample
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.service import LiveService

CLOCK_LEAP = 60.0  # seconds ahead of the clock from which a moment means that it was set back


class LastLook(TypedDict, total=False):
    """What the last look of a monitor found: how many rows wait for a full window, the p-value of
    each feature and the level under which it drifted, the diagnosis, what labels and embeddings
    show nothing of, and the usual shares of a surge. `trouble` says that the look itself failed.
    """

    waiting: int
    window: int
    unwatched: str
    p_values: Mapping[str, float]
    level: float
    looked_at: float
    verdict: Mapping[str, Json]
    labels: str
    surge: Mapping[str, object]
    trouble: str


class MonitorState:
    """One monitor, as its parts know it.

    Args:
        retrain: asks for a challenger of a service, with a reason; does not wait for it.
        rollback: deploys the version before, with a reason.
    """

    def __init__(
        self,
        name: str,
        monitor: Monitor,
        served: LiveService,
        catalog: Catalog,
        retrain: Callable[[str, str], None],
        rollback: Callable[[str, str], None],
    ) -> None:
        self.name, self.monitor, self.served, self.catalog = name, monitor, served, catalog
        self.retrain, self.rollback = retrain, rollback
        self.began = catalog.clock()
        self.last: LastLook = {}
        self.reference = ReferenceSample(monitor.drift)
        self.closed: set[str] = set()  # alerts that it closed itself

    def read_requests(self, most: int, since: float, mark: str = "") -> list[PredictionRow]:
        """Read the newest requests since a moment, newest first.

        Where the clock was ahead and was set back, what was logged meanwhile waits until its time
        has come, and the monitor continues.
        """
        now = self.catalog.clock()
        if since > now + CLOCK_LEAP:
            since = min(since, now - 1)
        until = now + CLOCK_LEAP
        name = self.served.name
        if not mark:
            return self.catalog.predictions(name, most=most, since=since, until=until)
        return self.catalog.predictions(name, most=most, since=since, until=until, mark=mark)

    def open_alerts(self, what: str, mark: str = "") -> list[AlertRow]:
        """List its open alerts of one kind and mark."""
        return [
            a
            for a in self.catalog.alerts(open_only=True)
            if a["monitor"] == self.name
            and a["what"] == what
            and a["detail"].get("mark", "") == mark
        ]

    def raise_alert(self, what: str, message: Message, detail: Mapping[str, object]) -> str:
        """Raise an alert about its service; returns the alert's id."""
        kept = with_message(detail, message)
        return self.catalog.alert(self.name, self.served.name, what, str(message), kept)

    def close(self, alert: AlertRow, why: Text) -> None:
        """Close one of its alerts, with the reason."""
        self.closed.add(alert["id"])
        self.catalog.clear(self.name, str(why), alert["id"])
        self.last.pop("verdict", None)
