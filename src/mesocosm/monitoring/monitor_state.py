"""What the parts of a watch share: a monitor, its service, and which of its alerts are open.

Knows the catalog. It is handed the ways to retrain and to roll back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.monitoring.drift.reference import ReferenceSample
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.service import LiveService

CLOCK_LEAP = 60.0  # seconds by which a clock that was set back is said to have been set back


class MonitorState:
    """One monitor, as the parts of its watch know it.

    Args:
        retrain: asks for a challenger of a service; called without waiting for it.
        rollback: puts the version before back, with a reason.
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
        self.known = ReferenceSample(monitor.drift)
        self.closed: set[str] = set()  # alerts that it closed itself

    def asked(self, most: int, since: float, mark: str = "") -> list[dict[str, Any]]:
        """The newest requests since a moment, newest first. Where the clock went ahead and came
        back, what was logged meanwhile waits until its time has come, and the watch goes on.
        """
        now = self.catalog.clock()
        marked = {"mark": mark} if mark else {}
        return self.catalog.predictions(
            self.served.name,
            most=most,
            since=min(since, now - 1) if since > now + CLOCK_LEAP else since,
            until=now + CLOCK_LEAP,
            **marked,
        )

    def opened(self, what: str, mark: str = "") -> list[dict[str, Any]]:
        """Its open alerts of one kind and mark."""
        return [
            a
            for a in self.catalog.alerts(open_only=True)
            if a["monitor"] == self.name
            and a["what"] == what
            and a["detail"].get("mark", "") == mark
        ]

    def close(self, alert: Mapping[str, Any], why: str) -> None:
        """Close one of its alerts, with the reason."""
        self.closed.add(alert["id"])
        self.catalog.clear(self.name, why, alert["id"])
        self.last.pop("verdict", None)
