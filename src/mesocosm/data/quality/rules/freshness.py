"""The newest row must be young enough."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from mesocosm.core.values.durations import Duration, seconds
from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import Known, RuleKind
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import read_value

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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

    def verdict(self, con: DuckDBPyConnection, table: str, known: Known) -> str | None:
        """How old the newest value is, where it is too old."""
        field = quote(self.of[0])
        newest = read_value(con, f"select max({field})::date from {table}")
        if not isinstance(newest, date):
            return f"{self.of[0]} has no value, so its age is not known"
        today = datetime.fromtimestamp(known.now, UTC).date()
        days = (today - newest).days
        if days * 86400 <= seconds(self.within):
            return None
        return f"the newest {self.of[0]} is {newest}, {days} days old"
