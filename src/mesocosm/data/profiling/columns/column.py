"""A column as a look at a source saw it: its distinct values with their counts, and the words of
its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.data.pipeline.expressions.typed_rows import count_texts
from mesocosm.data.pipeline.internal_names import PLACE_COLUMNS
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import describe_columns, list_columns, read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_ROWS = 200_000  # rows looked at
MOST_DISTINCT = 20_000
SPACES = " \t\r\n\u00a0\u3000"
BLANK = "lower(trim(x)) in ('', 'na', 'n/a', 'nan', 'null', '?')"
AS_WRITTEN = "it stays as it is written"  # ends the reason why a column's type is not proven
TRIMMED = f"trim(x, '{SPACES}')"
ENTITIES = frozenset(
    [
        "account",
        "applicant",
        "article",
        "borrower",
        "case",
        "city",
        "client",
        "company",
        "customer",
        "device",
        "employee",
        "firm",
        "house",
        "household",
        "invoice",
        "item",
        "loan",
        "member",
        "movie",
        "order",
        "patient",
        "person",
        "product",
        "record",
        "row",
        "school",
        "session",
        "shop",
        "state",
        "store",
        "student",
        "subject",
        "supplier",
        "town",
        "transaction",
        "user",
        "vendor",
        "visit",
    ]
)


FieldSettings: TypeAlias = dict[str, Json]
"""Settings of a field, as the file has them."""


@dataclass
class Column:
    """What one look found out about a column.

    Args:
        name: the column's name.
        rows: rows looked at.
        missing: rows without a value.
        counts: the rows of each value, the most frequent first, at most `MOST_DISTINCT` of them.
        distinct: how many values differ.
        kind: the type that the source gives the column, as DuckDB names it.
        null_words: the rows of each word that often stands for no value, as `NA`; they are among
            the missing.
    """

    name: str
    rows: int
    missing: int
    counts: dict[str, int]
    distinct: int
    kind: str = "VARCHAR"
    null_words: dict[str, int] = field(default_factory=lambda: {})

    @property
    def seen(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.rows > 1 and not self.missing and self.distinct == self.rows


@dataclass
class Reading:
    """What a column's values prove: settings of a field and a sentence; or why nothing is proven
    (`open`), with the formats to choose from.
    """

    settings: FieldSettings = field(default_factory=lambda: {})
    why: str = ""
    open: str = ""
    choices: list[list[str]] = field(default_factory=lambda: [])


@dataclass
class Proposal:
    """A guess that is not accepted yet: a line for the file, what it would change, and examples
    `before -> after`.

    Args:
        where: the setting it is about, such as `fields.age`, `repairs` or `duplicates`.
        line: the setting as YAML.
        why: the evidence, in a sentence.
        changes: cells or rows that would change.
        examples: at most ten changes.
        settled: whether it is one way; False where several proposals exclude each other.
    """

    where: str
    line: str
    why: str
    changes: int = 0
    examples: list[str] = field(default_factory=lambda: [])
    settled: bool = True


def look_at(con: DuckDBPyConnection, table: str, name: str) -> Column:
    """Count the values of a column of `table`."""
    x = quote(name)
    kind = describe_columns(con, quote(table))[name]
    values = f"(select {x}::varchar as x from {quote(table)})"
    clean = f"(select case when {BLANK} then null else {TRIMMED} end as x from {values})"
    rows, there, distinct = read_counts(
        con, f"select count(*), count(x), count(distinct x) from {clean}"
    )
    query = (
        f"select x, count(*) as n from {clean} where x is not null group by 1 order by n desc, x"
        f" limit {MOST_DISTINCT}"
    )
    counts = count_texts(con, query)
    null_words: dict[str, int] = {}
    if there < rows:
        query = (
            f"select {TRIMMED} as w, count(*) from {values} where {BLANK} and trim(x) <> ''"
            " group by 1 order by 2 desc, 1"
        )
        null_words = count_texts(con, query)
    return Column(name, rows, rows - there, counts, distinct, kind, null_words)


def list_names(con: DuckDBPyConnection, table: str) -> list[str]:
    """The columns of a collected source, those that tell where a row stood (`_...`) aside."""
    return [name for name in list_columns(con, quote(table)) if name not in PLACE_COLUMNS]


def split_name(name: str) -> list[str]:
    """The words of a column's name, in small letters; digits and Chinese runs are words of their
    own.

    >>> split_name("customerID"), split_name("order no."), split_name("townid")
    (['customer', 'id'], ['order', 'no'], ['town', 'id'])
    >>> split_name("G3"), split_name("paid")
    (['g', '3'], ['paid'])
    """
    found: list[str] = []
    for word in re.findall(
        r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z\u4e00-\u9fff]+|\d+|[\u4e00-\u9fff]+", name
    ):
        low = word.lower()
        stem = low.removesuffix("id")
        if stem in ENTITIES and stem != low:
            found += [stem, "id"]
        else:
            found.append(low)
    return found


def format_share(part: float, whole: float) -> str:
    """A share in per cent, never rounded up to all or down to none.

    >>> format_share(999, 1000), format_share(1, 100000), format_share(3, 3)
    ('99.9 %', 'under 0.1 %', '100 %')
    """
    if not whole:
        return "0.0 %"
    if part == whole:
        return "100 %"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "under 0.1 %"
    return f"{min(percent, 99.9):.1f} %"


def show_change(change: str, rows: int) -> str:
    """A change of a value with its rows, in the language of the reader.

    >>> show_change("BONN -> Bonn", 1), show_change("BONN -> Bonn", 3)
    ('BONN -> Bonn (1 row)', 'BONN -> Bonn (3 rows)')
    """
    return Message("data.change_in_rows", change=change, count=rows).render()


def quote_some(values: Sequence[str], most: int = 3, longest: int = 24) -> str:
    """The first of some values in quotes, each cut to its first letters."""
    return ", ".join(repr(v[:longest]) for v in values[:most])
