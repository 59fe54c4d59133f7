"""The watch over refusals: raises an alert where rows may not be used all at once, and closes it.

Knows the rows of late and the catalog; the rest of the watch asks it once a look.
"""

from __future__ import annotations

from mesocosm.core.durations import seconds
from mesocosm.monitoring import alert_closing
from mesocosm.monitoring.alert_closing import next_state
from mesocosm.monitoring.diagnosis import Diagnosis
from mesocosm.monitoring.monitor_state import MonitorState


class RejectionMonitor:
    """What one monitor makes of the rows that its service refused."""

    def __init__(self, watch: MonitorState) -> None:
        self.watch = watch
        self.cleared = 0.0  # refusals before it are of an incident that is over

    def look(self) -> list[str]:
        """Rows that may not be used all at once: a source writes a field otherwise than it did."""
        drift = self.watch.monitor.drift
        opened = self.watch.opened("schema")
        for alert in opened:
            recent = [name for at, name in list(self.watch.served.rows) if at > alert["at"]][
                -max(60, int(alert["detail"].get("rows", 0))) :
            ]
            state = next_state(
                alert["detail"],
                alert_closing.Evidence(
                    refused=(recent.count(str(alert["detail"].get("feature"))), len(recent))
                ),
            )
            if not state.open:
                self.watch.close(alert, state.why)
                self.cleared = self.watch.catalog.clock()
        refused, rows = self.watch.served.refusals(
            min(
                max(60.0, seconds(self.watch.monitor.every)),
                self.watch.catalog.clock() - self.cleared,
            )
        )
        if not drift or not refused or opened:
            return []
        name, count = max(refused.items(), key=lambda e: e[1])
        if count < 10 or count < 0.2 * rows:
            return []
        verdict = Diagnosis(
            "schema",
            None,
            "mend the source",
            f"{count} of the last {rows} rows of {self.watch.served.name} were refused over {name}:"
            " what sends them writes it otherwise than the training rows have it",
            {"feature": name},
        )
        detail = {
            "verdict": verdict.as_json(),
            "by": "refusals",
            "feature": name,
            "rows": rows,
            "share": count / rows,
        }
        return [
            self.watch.catalog.alert(
                self.watch.name,
                self.watch.served.name,
                "schema",
                f"{verdict.why}; remedy: {verdict.remedy}",
                detail,
            )
        ]
