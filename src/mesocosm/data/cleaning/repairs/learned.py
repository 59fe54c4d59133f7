"""Errors of many kinds, found by learning from the table and from rows that a person labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.data.cleaning.facts import RepairFacts
from mesocosm.data.cleaning.repairs.repair import RepairKind, lookup_sql
from mesocosm.data.pipeline.internal_names import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SURE, DOUBTED = 0.5, 0.7  # chances of a candidate and of an error, with labels
SURE_ALONE, DOUBTED_ALONE = 0.7, 0.8  # without
MOST_ROWS = 50_000  # that it learns from
SEPARATOR = "'\x1f'"


class Learned(RepairKind):
    """Repair cells that a model takes to be wrong, where it is sure what they should be.

    The model practises on a copy of the table with errors put in, and on rows that a person
    labelled (`mesocosm data label`). A cell is changed where it is likely wrong and the best of
    its candidates is likely enough; every other cell stays as it is.

    Args:
        fields: the fields that are looked at and repaired, two or more.
        labels: the source of labelled rows, as `mesocosm data label` writes it; without it fewer
            repairs are sure enough.
        confidence: how likely a candidate must be; 0.5 with labels, 0.7 without, where not given.

    Source: Mahdavi et al. 2019, Raha; Mahdavi and Abedjan 2020, Baran; Heidari et al. 2019,
    HoloDetect.

    >>> Learned.model_validate({"fields": ["zip", "city"], "labels": "checked"}).reads
    ('zip', 'city')
    """

    method: Literal["learned"] = "learned"
    fields: tuple[str, ...] = Field(min_length=2)
    labels: str | None = None
    confidence: float | None = Field(None, ge=0.5, lt=1)

    @property
    def repaired_fields(self) -> tuple[str, ...]:
        """The fields that it looks at."""
        return self.fields

    def fit(self, con: DuckDBPyConnection, table: str) -> RepairFacts:
        """By field, the new value of each row that changes, and of each text that always does."""
        from mesocosm.data.cleaning.repairs.labelled_table import find_repairs

        at_least = self.confidence or (SURE if self.labels else SURE_ALONE)
        doubted = DOUBTED if self.labels else DOUBTED_ALONE
        return find_repairs(con, table, self.fields, self.labels, (at_least, doubted))

    def values(self, facts: RepairFacts) -> dict[str, str]:
        """The new value of the same row, or of the same text."""
        key = row_key(self.fields)
        found = {}
        for name in self.fields:
            if facts.get(name) or facts.get(always(name)):
                row = lookup_sql(key, facts, name)
                text = lookup_sql(f"{quote(name)}::varchar", facts, always(name))
                found[name] = f"coalesce({row}, {text})"
        return found


def always(name: str) -> str:
    """The name of the table of a field's texts that are always repaired alike."""
    return f"\x1f{name}"


def row_key(fields: tuple[str, ...]) -> str:
    """SQL of the hash of a row's fields."""
    texts = ", ".join(f"coalesce({quote(name)}::varchar, '')" for name in fields)
    return f"md5(concat_ws({SEPARATOR}, {texts}))"
