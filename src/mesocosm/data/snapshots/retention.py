"""Rows that may not be kept: those of erased subjects, and those that are too old.

Knows DuckDB and marks, which are keyed hashes; an erased key itself is never written.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from mesocosm.core.values.durations import days
from mesocosm.data.dataset import Dataset, Retention
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.ibis_sql import Column
from mesocosm.data.pipeline.ingest import RawTable
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.query_results import count_rows, read_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_WORDS = 5  # words of a key that are looked for side by side in a line that could not be read


def drop_erased(
    con: DuckDBPyConnection, dataset: Dataset, rows: RawTable, forgotten: Sequence[str], key: str
) -> int:
    """Leave out the rows of erased subjects; returns how many there were.

    Args:
        forgotten: marks of keys; `mark@column` where the subject is named by another column than
            the key's, as in a dataset over the same source that has a key of its own.
    """
    if not forgotten:
        return 0
    by_column = _marks_by_column(dataset, rows, forgotten)
    if not by_column:
        return 0
    con.execute("create table _erased (_row bigint)")
    for column, marks in by_column.items():
        listed = ", ".join(map(text, marks))
        table = ibis_sql.table("_raw", {"_row": "int64", column: "string"})
        marked = ibis_sql.to_sql(table.select(_row=table["_row"], mark=mark_of(table[column], key)))
        marked = marked.replace(
            '"_raw"', f"(select _row, {quote(column)}::varchar as {quote(column)} from _raw)", 1
        )
        con.execute(
            f"insert into _erased select _row from ({marked}) where mark in ({listed}) and _row not"
            " in (select _row from _erased)"
        )
    count = count_rows(con, "_erased")
    kind = "table" if rows.joined else "view"
    con.execute(f"alter {kind} _raw rename to _all")
    con.execute(
        "create view _raw as select * from _all where _row not in (select _row from _erased)"
    )
    return count


def _marks_by_column(
    dataset: Dataset, rows: RawTable, forgotten: Sequence[str]
) -> dict[str, list[str]]:
    """The marks of erased keys by the raw column that names their subject, where it is there."""
    key = recipe.columns_of(dataset.fields).get(dataset.key or "", "")
    found: dict[str, list[str]] = {}
    for entry in forgotten:
        mark, _, column = entry.partition("@")
        column = column or key
        if column in rows.types:
            found.setdefault(column, []).append(mark)
    return found


def drop_expired(con: DuckDBPyConnection, dataset: Dataset, now: float) -> int:
    """Leave out the rows that are older than the dataset keeps them; returns how many there
    were.
    """
    if not dataset.retention:
        return 0
    undated = str(dataset.retention.undated == "expire").lower()
    first = text(first_day_kept(dataset.retention, now))
    old = f"coalesce({quote(dataset.retention.by)} < date {first}, {undated})"
    count = count_rows(con, "_stage", old)
    if count:
        con.execute("alter view _stage rename to _of_all_ages")
        con.execute(f"create view _stage as select * from _of_all_ages where not {old}")
    return count


def first_day_kept(retention: Retention, now: float) -> str:
    """The first day whose rows are still kept, as ISO 8601."""
    from datetime import UTC, datetime, timedelta

    first = datetime.fromtimestamp(now, UTC) - timedelta(days=days(retention.keep))
    return first.date().isoformat()


def find_oldest_day(con: DuckDBPyConnection, dataset: Dataset) -> str | None:
    """The day of the oldest row, where rows leave by their age."""
    if not dataset.retention:
        return None
    return read_text(con, f"select min({quote(dataset.retention.by)})::date::varchar from _stage")


def names_erased(line: str, forgotten: Sequence[str], key: str) -> bool:
    """Whether a line that could not be read names an erased subject: as a cell, a word, or some
    words in a row.
    """
    if not forgotten:
        return False
    marks = {entry.partition("@")[0] for entry in forgotten}
    secret = bytes.fromhex(key)
    for name in _possible_names(line):
        subject = f"forgotten:{name.strip()}".lower().encode()
        if name and hmac.digest(secret, subject, sha256).hex()[:32] in marks:
            return True
    return False


def _possible_names(line: str) -> Iterator[str]:
    """The cells, words and runs of words of a line."""
    yield from (cell.strip(" \t\r\n\"'{}[]()<>") for cell in re.split(r"[,;\t|\"]", line))
    words = [word.strip("\"'{}[]()<>:") for word in re.split(r"[,;\t|\"\s]+|(?<=[\"'}]):", line)]
    yield from words
    for length in range(2, MOST_WORDS + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def mark_of(x: Column, key: str) -> Column:
    """The mark under which an erased key is remembered: a keyed hash, never the key."""
    from mesocosm.data.privacy.pseudonymise import Pseudonymise

    return Pseudonymise().value(ibis_sql.literal("forgotten:") + ibis_sql.trim(x), key)
