"""Duplicates: rows that say the same twice, by key or whole, found by hash and proven on all columns.

Knows SQL over a numbered table. The row numbers to drop are the lineage of what was dropped.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from mesocosm.base.kinds import Kind


class Duplicates(Kind):
    """Say which rows count as the same and which of them stays.

    Args:
        by: names of fields, or `row` for all of them.
        keep: `first` or `last` in the order read.

    Source: Christen, Data Matching (2012), ch. 2.

    >>> Duplicates(by=["id"]).drops("t", ["id", "x"])[:40]
    'select _row, kept from (select _row, fir'
    """

    short: ClassVar[str] = "by"
    by: tuple[str, ...] | Literal["row"] = "row"
    keep: Literal["first", "last"] = "first"

    @model_validator(mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"by": value}
        if isinstance(value, dict) and isinstance(value.get("by"), str) and value["by"] != "row":
            return value | {"by": [value["by"]]}
        return value

    def drops(self, table: str, columns: list[str]) -> str:
        """SQL that lists the rows to drop (`_row`) and the row that each is a copy of (`kept`).

        Rows of which `_why` is set are no candidates, nor are rows whose key is null. Only rows
        whose 64-bit hash is seen twice go through the window over the columns themselves.
        """
        names = list(columns) if self.by == "row" else list(self.by)
        keys = ", ".join('"' + n.replace('"', '""') + '"' for n in names)
        order = "_row" if self.keep == "first" else "_row desc"
        full = "" if self.by == "row" else " and " + " and ".join(f'"{n}" is not null' for n in names)
        return (
            f"select _row, kept from (select _row, first_value(_row) over (partition by {keys} order by {order}) as kept "
            f"from {table} where _why is null{full} and hash({keys}) in "
            f"(select h from (select hash({keys}) as h from {table} where _why is null{full}) "
            f"group by h having count(*) > 1)) where _row <> kept"
        )
