"""The monitor of rejected rows: raises an alert where many rows fail validation at once, and closes
it.

Knows recent rows and the catalog; `ServiceMonitor` calls it once a look.
"""

from __future__ import annotations

from mesocosm.catalog.records import Diagnosis
from mesocosm.catalog.rows import AlertRow
from mesocosm.core.messages import Message
from mesocosm.core.values.durations import seconds
from mesocosm.monitoring.alert_closing import Evidence, next_state
from mesocosm.monitoring.monitor_state import MonitorState

MIN_REJECTED = 10  # rejected rows that raise an alert, at least
MIN_SHARE = 0.2  # and their share of the rows
MIN_WINDOW = 60.0  # seconds of rows that are counted, at least


class RejectionMonitor:
    """Alerts about the rows that one service rejected."""

    def __init__(self, state: MonitorState) -> None:
        self.state = state
        self.cleared = 0.0  # rejections before it are of an incident that is over

    def look(self) -> list[str]:
        """Test whether many rows fail over one field, as where a source changed its format; the
        ids of alerts raised.
        """
        alerts = self.state.open_alerts("schema")
        for alert in alerts:
            self._close_if_over(alert)
        if not self.state.monitor.drift or alerts:
            return []
        return self._test()

    def _test(self) -> list[str]:
        """Raise an alert where one field is why many of the recent rows were rejected."""
        since_cleared = self.state.catalog.clock() - self.cleared
        window = max(MIN_WINDOW, seconds(self.state.monitor.every))
        rejected, rows = self.state.served.count_rejections(min(window, since_cleared))
        name, count = max(rejected.items(), key=lambda e: e[1], default=("", 0))
        if count < MIN_REJECTED or count < MIN_SHARE * rows:
            return []
        return [self._raise(name, count, rows)]

    def _close_if_over(self, alert: AlertRow) -> None:
        detail = alert["detail"]
        count = max(60, int(detail.get("rows", 0)))
        recent = [name for at, name in list(self.state.served.rows) if at > alert["at"]][-count:]
        rejected = recent.count(str(detail.get("feature")))
        state = next_state(detail, Evidence(refused=(rejected, len(recent))))
        if not state.open:
            self.state.close(alert, state.why)
            self.cleared = self.state.catalog.clock()

    def _raise(self, name: str, count: int, rows: int) -> str:
        diagnosis = Diagnosis(
            "schema",
            None,
            "fix the source",
            Message(
                "monitoring.many_rejected",
                rejected=count,
                rows=rows,
                service=self.state.served.name,
                field=name,
            ),
            {"feature": name},
        )
        return self.state.raise_alert(
            "schema",
            Message("monitoring.why_and_remedy", why=diagnosis.why, remedy=diagnosis.remedy_name),
            {
                "verdict": diagnosis.to_json(),
                "by": "refusals",
                "feature": name,
                "rows": rows,
                "share": count / rows,
            },
        )
