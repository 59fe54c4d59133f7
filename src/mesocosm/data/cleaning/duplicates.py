"""Duplicates: rows that are equal by key or whole, found by hash and proven on all columns.

Knows SQL over a numbered table. The row numbers to drop are the lineage of what was dropped.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.data.pipeline.internal_names import quote

SLICE = 3_000_000  # rows hashed at a time, which bounds memory


class Duplicates(Settings):
    """Which rows count as duplicates, and which of them is kept.

    Args:
        by: names of fields, or `row` for all of them.
        keep: `first` or `last` in the order read.
        like: how similar two rows must be to count as duplicates, over 0.5 to 1; without it they
            must be equal.
        block: a field that two rows must share before they are compared; without it near ones are
            found by MinHash.

    Source: Christen, Data Matching (2012), ch. 2 and 4; Broder 1997 (MinHash).

    >>> Duplicates(by=["id"]).names(["id", "x"])
    ['id']
    """

    short: ClassVar[str] = "by"
    by: tuple[str, ...] | Literal["row"] = "row"
    keep: Literal["first", "last"] = "first"
    like: float | None = Field(None, gt=0.5, le=1)
    block: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one(cls, value: object) -> object:
        if isinstance(value, str):
            value = {"by": value}
        if isinstance(value, dict) and isinstance(value.get("by"), str) and value["by"] != "row":
            return value | {"by": [value["by"]]}
        return value

    @model_validator(mode="after")
    def _alike(self) -> Duplicates:
        if self.block and self.like is None:
            raise ValueError(Message("config.like_with_block"))
        return self

    def names(self, columns: list[str]) -> list[str]:
        """The fields that must agree, the block among them."""
        if self.by == "row":
            return list(columns)
        names = [*self.by, self.block] if self.block else list(self.by)
        return list(dict.fromkeys(names))

    def mark(self, columns: list[str]) -> str:
        """SQL of a 64-bit hash that equal rows share; null where a key is missing."""
        keys = [quote(name) for name in self.names(columns)]
        mark = f"hash({', '.join(keys)})"
        if self.by == "row":
            return mark
        return f"case when {' and '.join(f'{key} is not null' for key in keys)} then {mark} end"

    def candidates(self, table: str, part: int, parts: int) -> str:
        """SQL that lists `_row` of the rows whose hash `_h` is seen twice, in one slice of the
        hashes.
        """
        where = f"_why is null and _h is not null and _h % {parts} = {part}"
        return (
            f"select _row from {table} where {where} and _h in (select _h from {table} where"
            f" {where} group by _h having count(*) > 1)"
        )

    def drops(self, table: str, candidates: str, columns: list[str]) -> str:
        """SQL that lists the rows to drop (`_row`), each with the row that it duplicates (`kept`).

        Only the candidates go through the window over the columns themselves, so that a collision
        of hashes drops no row.
        """
        keys = ", ".join(quote(name) for name in self.names(columns))
        order = "_row" if self.keep == "first" else "_row desc"
        return (
            f"select _row, kept from (select _row, first_value(_row) over (partition by {keys}"
            f" order by {order}) as kept from {table} where _row in (select _row from"
            f" {candidates})) where _row <> kept"
        )
