"""What every rule has: its severity, the fields it names, and how it is broken.

Knows SQL text. A null breaks no rule but `not_null`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Self, TypedDict

from pydantic import Field, model_validator

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class LastSnapshot(TypedDict, total=False):
    """What rules compare the rows with: the last snapshot's number of rows, and how the fields
    were distributed over its training rows.
    """

    rows: int
    training: Mapping[str, TrainingColumn]


@dataclass
class Known:
    """What a rule over whole tables may look at.

    Args:
        tables: SQL names of the other sources' tables, by source.
        now: seconds since 1970.
        last: the dataset's last snapshot, empty where there is none.
        kinds: the Ibis type of each field.
    """

    tables: dict[str, str] = field(default_factory=lambda: {})
    now: float = 0.0
    last: LastSnapshot = field(default_factory=lambda: LastSnapshot())
    kinds: dict[str, str] = field(default_factory=lambda: {})


class RuleKind(Settings):
    """One rule; each kind says how a row, or the table, breaks it.

    Args:
        severity: `quarantine` (the row leaves the dataset), `warn` (it is counted in the report) or
            `stop` (the build ends and the last snapshot stays).
        mostly: the share of rows that must keep the rule, with `warn` or `stop`: with 0.95 one row
            in twenty may break it.
    """

    whole: ClassVar[bool] = False
    type: str
    severity: Literal["warn", "quarantine", "stop"] = "quarantine"
    mostly: float = Field(1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _counts_rows(self) -> Self:
        if self.mostly < 1 and self.severity == "quarantine":
            raise ValueError(Message("config.mostly_of_quarantine"))
        if self.mostly < 1 and type(self).verdict is not RuleKind.verdict:
            raise ValueError(Message("config.mostly_of_table", rule=self.type))
        return self

    def may_break(self, rows: int) -> int:
        """How many of so many rows may break the rule.

        >>> RuleKind(type="unique", severity="warn", mostly=0.95).may_break(100)
        5
        """
        return math.floor(rows * (1 - self.mostly) + 1e-9)

    def about_field(self, name: str) -> RuleKind:
        """The rule as it stands under a field that it does not name itself."""
        if "of" in type(self).model_fields and not getattr(self, "of", None):
            return self.model_copy(update={"of": (name,)})
        return self

    def fields(self) -> list[str]:
        """The fields it names, sorted."""
        return sorted(getattr(self, "of", ()))

    def sentence(self) -> str:
        """What a row did that broke it."""
        return f"breaks the rule: {', '.join(self.fields())} {self.type.replace('_', ' ')}"

    def breaks(self) -> str | None:
        """SQL that is true for a row that breaks the rule; None for a rule over several rows."""
        return None

    def rows(self, table: str, known: Known) -> str | None:
        """SQL that lists `_row` of the rows of a table that break the rule; None for other
        rules.
        """
        del table, known
        return None

    def verdict(self, con: DuckDBPyConnection, table: str, known: Known) -> str | None:
        """What is wrong with the table as a whole, or None."""
        del con, table, known
        return None
