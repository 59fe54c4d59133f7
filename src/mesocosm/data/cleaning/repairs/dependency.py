"""Fields that others determine, repaired by the value that rows with the same determinant have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.data.cleaning.facts import RepairFacts
from mesocosm.data.cleaning.repairs.repair import MOST_VALUES, RepairKind, lookup_sql
from mesocosm.data.pipeline.expressions.typed_rows import map_texts
from mesocosm.data.pipeline.internal_names import quote, working_column
from mesocosm.data.quality.rules.field_names import Of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Dependency(RepairKind):
    """Repair `to` where rows of the same `from` agree on another value (`zip -> city`).

    Several determinants vote: each names the value that most rows of its group have, if it is a
    majority of `share` and of at least `min` rows; the value with more votes than the one that
    stands there is taken.

    Args:
        from: the field, or fields, each of which determines `to`.
        to: the field to repair.
        share: the share of a group that must agree.
        min: how many rows must agree.
        fill: whether a missing value is imputed too.

    Source: Codd 1971, Further Normalization of the Data Base Relational Model; Bohannon et al.
    2005.

    >>> Dependency.model_validate({"from": "zip", "to": "city"}).reads
    ('zip', 'city')
    """

    method: Literal["dependency"] = "dependency"
    determinants: Of = Field(alias="from")
    to: str
    share: float = Field(0.75, gt=0.5, le=1)
    min: int = Field(3, ge=2)
    fill: bool = False

    @property
    def repaired_fields(self) -> tuple[str, ...]:
        """The determined field."""
        return (self.to,)

    @property
    def reads(self) -> tuple[str, ...]:
        """The determinants and the determined."""
        return (*self.determinants, self.to)

    def fit(self, con: DuckDBPyConnection, table: str) -> RepairFacts:
        """For each determinant, which of its values says what."""
        found: dict[str, dict[str, str]] = {}
        b = quote(self.to)
        for name in self.determinants:
            a = quote(name)
            pairs = (
                f"select {a}::varchar as a, {b}::varchar as b, count(*) as n from {table} where {a}"
                f" is not null and {b} is not null group by 1, 2"
            )
            query = (
                "select a, b from (select a, b, n, sum(n) over (partition by a) as total,"
                f" row_number() over (partition by a order by n desc, b) as r from ({pairs})) where"
                f" r = 1 and n >= {self.min} and n >= {self.share} * total order by a limit"
                f" {MOST_VALUES}"
            )
            found[name] = map_texts(con, query)
        return found

    def values(self, facts: RepairFacts) -> dict[str, str]:
        """The value most voted for, where it has more votes than the one that stands there."""
        x = f"{quote(self.to)}::varchar"
        votes = ", ".join(lookup_sql(f"{quote(a)}::varchar", facts, a) for a in self.determinants)
        # a lambda's parameter hides a field of its name
        v, w = working_column("v"), working_column("w")
        votes_cast = f"list_filter([{votes}], lambda {v}: {v} is not null)"
        best = (
            f"list_sort(list_transform(list_distinct({votes_cast}), lambda {v}: {{'n':"
            f" -len(list_filter({votes_cast}, lambda {w}: {w} = {v})), 'v': {v}}}))[1]"
        )
        own = f"len(list_filter({votes_cast}, lambda {v}: {v} = {x}))"
        gap = "" if self.fill else f"{x} is null or "
        return {
            self.to: (
                f"case when {gap}len({votes_cast}) = 0 then null when -({best}).n > {own} then"
                f" ({best}).v end"
            )
        }
