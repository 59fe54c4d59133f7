"""What the parts of a monitor share: its settings, its service, and which of its alerts are open.

Knows the catalog. It is handed the ways to retrain and to roll back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import AlertRow, PredictionRow
from mesocosm.core.messages import Message, Text
from mesocosm.monitoring.alert_message import with_message
from mesocosm.monitoring.drift.reference import ReferenceSample
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.service import LiveService

CLOCK_LEAP = 60.0  # seconds ahead of the clock from which a moment means that it was set back


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
        self.last: dict[str, Any] = {}
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
        marked = {"mark": mark} if mark else {}
        return self.catalog.predictions(
            self.served.name, most=most, since=since, until=now + CLOCK_LEAP, **marked
        )

    def open_alerts(self, what: str, mark: str = "") -> list[AlertRow]:
        """List its open alerts of one kind and mark."""
        return [
            a
            for a in self.catalog.alerts(open_only=True)
            if a["monitor"] == self.name
            and a["what"] == what
            and a["detail"].get("mark", "") == mark
        ]

    def raise_alert(self, what: str, message: Message, detail: dict[str, Any]) -> str:
        """Raise an alert about its service; returns the alert's id."""
        kept = with_message(detail, message)
        return self.catalog.alert(self.name, self.served.name, what, str(message), kept)

    def close(self, alert: Mapping[str, Any], why: Text) -> None:
        """Close one of its alerts, with the reason."""
        self.closed.add(alert["id"])
        self.catalog.clear(self.name, str(why), alert["id"])
        self.last.pop("verdict", None)
