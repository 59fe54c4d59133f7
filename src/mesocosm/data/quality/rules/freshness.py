"""The newest row must be young enough."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from mesocosm.core.values.durations import Duration, seconds
from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import Known, RuleKind
from mesocosm.data.sources.path_utils import quote


class Freshness(RuleKind):
    """The newest date of a field must be at most `within` old.

    Args:
        of: the date field; the field itself where the rule stands under one.
        within: how old the newest value may be, as 7d.

    Source: ISO/IEC 25012, currentness.

    >>> Freshness(of="day", within="7d").severity
    'warn'
    """

    type: Literal["freshness"] = "freshness"
    severity: Literal["warn", "stop"] = "warn"
    of: Of = ()
    within: Duration

    def verdict(self, con: Any, table: str, known: Known) -> str | None:
        """How old the newest value is, where it is too old."""
        field = quote(self.of[0])
        newest = con.execute(f"select max({field})::date from {table}").fetchone()[0]
        if newest is None:
            return f"{self.of[0]} has no value, so its age is not known"
        today = datetime.fromtimestamp(known.now, UTC).date()
        days = (today - newest).days
        return (
            f"the newest {self.of[0]} is {newest}, {days} days old"
            if days * 86400 > seconds(self.within)
            else None
        )
