"""There must be enough rows, and not too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.data.quality.rules.rule import Known, RuleKind
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class RowCount(RuleKind):
    """How many rows must be left after reading and removing duplicates.

    Args:
        min: at least so many.
        max: at most so many.
        change: at most this share more or fewer than in the last snapshot.

    Source: ISO/IEC 25012, completeness.

    >>> RowCount(min=10).severity
    'stop'
    """

    type: Literal["row_count"] = "row_count"
    severity: Literal["warn", "stop"] = "stop"
    min: int | None = Field(None, ge=0)
    max: int | None = Field(None, ge=0)
    change: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> RowCount:
        if self.min is None and self.max is None and self.change is None:
            raise ValueError(Message("config.min_max_or_change"))
        return self

    def verdict(self, con: DuckDBPyConnection, table: str, known: Known) -> str | None:
        """The count, where it is out of bounds."""
        rows = count_rows(con, table, "_why is null")
        if self.min is not None and rows < self.min:
            return f"{rows} rows are left; expected {self.min} or more"
        if self.max is not None and rows > self.max:
            return f"{rows} rows are left; expected {self.max} or fewer"
        return self._explain_change(rows, known.last.get("rows"))

    def _explain_change(self, rows: int, before: int | None) -> str | None:
        """What is wrong where the rows are too many more or fewer than in the last snapshot."""
        if self.change is None or not before or abs(rows - before) <= self.change * before:
            return None
        return (
            f"{rows} rows are left after {before} in the last snapshot, more than"
            f" {self.change:.0%} of change"
        )
