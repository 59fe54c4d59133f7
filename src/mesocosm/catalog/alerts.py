"""Alerts of monitors, raised, amended and cleared, and which monitors are silenced.
Knows none of their evidence.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert, select, update

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import AlertRow
from mesocosm.catalog.session import Records
from mesocosm.core.confidential.row_values import plain_all
from mesocosm.core.confidential.secret_values import masked, masked_all
from mesocosm.core.hashing import digest


class Alerts(Records):
    """Alerts, and the monitors whose notifications are silenced."""

    def alerts(
        self, *, open_only: bool = False, most: int = 200, marked: bool = False
    ) -> list[AlertRow]:
        """Alerts, newest first.

        Args:
            marked: keep the marks of row values in sentences (`core.confidential.row_values`), so
                that a door can withhold them.
        """
        query = select(t.ALERTS).order_by(t.ALERTS.c.at.desc()).limit(most)
        if open_only:
            query = query.where(t.ALERTS.c.cleared_at.is_(None))
        found = self.rows(query, AlertRow)
        if marked:
            return found
        return plain_all(found)

    def alert(
        self, monitor: str, service: str, what: str, message: str, detail: Mapping[str, object]
    ) -> str:
        """Raise an alert and return its id."""
        at, message = self.clock(), masked(message)
        detail = masked_all(dict(detail))
        ident = "alert-" + digest(monitor, what, at, message, size=5)
        with self.transaction() as con:
            con.execute(
                insert(t.ALERTS).values(
                    id=ident,
                    monitor=monitor,
                    service=service,
                    what=what,
                    message=message,
                    detail=dict(detail),
                    at=at,
                    cleared_at=None,
                )
            )
            self.write_audit(con, monitor, "alert", service, message)
        return ident

    def amend(self, ident: str, monitor: str, message: str, detail: Mapping[str, object]) -> None:
        """Change the message and detail of an open alert, once more rows are known."""
        message, detail = masked(message), masked_all(dict(detail))
        with self.transaction() as con:
            con.execute(
                update(t.ALERTS)
                .where(t.ALERTS.c.id == ident, t.ALERTS.c.cleared_at.is_(None))
                .values(message=message, detail=dict(detail))
            )
            self.write_audit(con, monitor, "diagnose", ident, message)

    def clear(self, monitor: str, why: str, only: str | None = None, who: str = "") -> int:
        """Clear a monitor's open alerts, or one of them by its id; returns how many."""
        open_ones = [t.ALERTS.c.monitor == monitor, t.ALERTS.c.cleared_at.is_(None)]
        if only:
            open_ones.append(t.ALERTS.c.id == only)
        if not self.row(select(t.ALERTS).where(*open_ones)):
            return 0
        with self.transaction() as con:
            done = con.execute(update(t.ALERTS).where(*open_ones).values(cleared_at=self.clock()))
            self.write_audit(con, who or monitor, "clear", monitor, why)
            return int(done.rowcount)

    def silence(self, monitor: str, seconds: float, who: str, why: str) -> float:
        """Send no notifications about a monitor's alerts for some seconds; returns until when."""
        until = self.clock() + seconds
        with self.transaction() as con:
            con.execute(t.SILENCES.delete().where(t.SILENCES.c.monitor == monitor))
            con.execute(insert(t.SILENCES).values(monitor=monitor, until=until, who=who, why=why))
            self.write_audit(con, who, "silence", monitor, why)
        return until

    def silenced(self, now: float) -> set[str]:
        """Monitors whose notifications are silenced now."""
        return {
            str(row["monitor"])
            for row in self.rows(select(t.SILENCES.c.monitor).where(t.SILENCES.c.until > now))
        }
