"""What every repair has: the field it changes, what it learns from the rows, the new value as SQL.

Knows SQL text and distinct values. A repair keeps nulls unless imputing them is its work, and what
it learns is a table of values as JSON, so that a row alone is repaired as it was in the batch.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mesocosm.core.settings import Settings
from mesocosm.data.cleaning.facts import RepairFacts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_VALUES = 20_000  # distinct values that a repair looks at


class RepairKind(Settings):
    """One repair of text or category fields."""

    method: str

    @property
    def repaired_fields(self) -> tuple[str, ...]:
        """The fields it may change."""
        return ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields it looks at."""
        return self.repaired_fields

    @abstractmethod
    def fit(self, con: DuckDBPyConnection, table: str) -> RepairFacts:
        """Facts from the rows that could be read, as JSON."""

    @abstractmethod
    def values(self, facts: RepairFacts) -> dict[str, str]:
        """For each field it repairs, SQL of the new value (text), null where it stays as it is."""


def lookup_sql(x: str, facts: RepairFacts, name: str) -> str:
    """SQL that looks a text up in the table that was fitted under a name; null where it is not
    there.
    """
    from mesocosm.data.sources.path_utils import text

    table = facts.get(name)
    if not table or not isinstance(table, Mapping):
        return "null::varchar"
    pairs = ", ".join(f"{text(k)}: {text(v)}" for k, v in sorted(table.items()))
    return f"(map {{{pairs}}})[{x}]"
