"""A value that stands at the end of another field, while its own is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.data.cleaning.facts import RepairFacts
from mesocosm.data.cleaning.repairs.repair import MOST_VALUES, RepairKind
from mesocosm.data.pipeline.expressions.typed_rows import read_texts
from mesocosm.data.sources.path_utils import quote, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Moved(RepairKind):
    """Where `to` is missing and the last word of `from` is one of its values, put it back there.

    Args:
        from: the field whose last word may belong to another.
        to: the field it belongs to.

    Source: Rahm and Do 2000, Data Cleaning: Problems and Current Approaches (misfielded values).

    >>> Moved.model_validate({"from": "city", "to": "state"}).repaired_fields
    ('city', 'state')
    """

    method: Literal["moved"] = "moved"
    source: str = Field(alias="from")
    to: str

    @property
    def repaired_fields(self) -> tuple[str, ...]:
        """Both fields."""
        return (self.source, self.to)

    def fit(self, con: DuckDBPyConnection, table: str) -> RepairFacts:
        """The values of the field that are seen twice or more."""
        b = quote(self.to)
        query = (
            f"select {b}::varchar from {table} where {b} is not null group by 1 having count(*) > 1"
            f" order by count(*) desc, 1 limit {MOST_VALUES}"
        )
        return {"known": sorted(value for value in read_texts(con, query) if " " not in value)}

    def values(self, facts: RepairFacts) -> dict[str, str]:
        """The two parts."""
        if not facts.get("known"):
            return {}
        a, b = f"{quote(self.source)}::varchar", f"{quote(self.to)}::varchar"
        last = f"regexp_extract({a}, '^(.*\\S)\\s+(\\S+)$', 2)"
        head = f"regexp_extract({a}, '^(.*\\S)\\s+(\\S+)$', 1)"
        there = f"{b} is null and {last} in ({', '.join(text(v) for v in facts['known'])})"
        return {
            self.source: f"case when {there} then {head} end",
            self.to: f"case when {there} then {last} end",
        }
