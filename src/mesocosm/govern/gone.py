"""Rows that may not be there any more: of subjects that were erased, and over their age.

Knows DuckDB and marks, which are keyed hashes; an erased key itself is never written.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from mesocosm.base.durations import days
from mesocosm.govern import expr, recipe
from mesocosm.govern.dataset import Dataset, Retention
from mesocosm.govern.raw import Raw
from mesocosm.govern.sources.paths import quote, text


def leave_erased(con: Any, dataset: Dataset, rows: Raw, forgotten: Sequence[str], key: str) -> int:
    """Leave out the rows of erased subjects; returns how many there were."""
    if not forgotten or not dataset.key:
        return 0
    column = recipe.columns_of(dataset.fields)[dataset.key]
    table = expr.table("_raw", {"_row": "int64", column: "string"})
    marked = expr.to_sql(table.select(_row=table._row, mark=mark_of(table[column], key)))
    marked = marked.replace('"_raw"', f"(select _row, {quote(column)}::varchar as {quote(column)} from _raw)", 1)
    listed = ", ".join(text(m) for m in forgotten)
    con.execute(f"create table _erased as select _row from ({marked}) where mark in ({listed})")
    count = int(con.execute("select count(*) from _erased").fetchone()[0])
    kind = "table" if rows.joined else "view"
    con.execute(f"alter {kind} _raw rename to _all")
    con.execute("create view _raw as select * from _all where _row not in (select _row from _erased)")
    return count


def leave_old(con: Any, dataset: Dataset, now: float) -> int:
    """Leave out the rows that are older than the dataset keeps them; returns how many there were."""
    if not dataset.retention:
        return 0
    undated = str(dataset.retention.undated == "expire").lower()
    old = f"coalesce({quote(dataset.retention.by)} < date {text(cutoff(dataset.retention, now))}, {undated})"
    count = int(con.execute(f"select count(*) from _stage where {old}").fetchall()[0][0])
    if count:
        con.execute("alter view _stage rename to _of_all_ages")
        con.execute(f"create view _stage as select * from _of_all_ages where not {old}")
    return count


def cutoff(retention: Retention, now: float) -> str:
    """The first day whose rows are still kept, as ISO 8601."""
    from datetime import UTC, datetime, timedelta

    first = datetime.fromtimestamp(now, UTC) - timedelta(days=days(retention.keep))
    return first.date().isoformat()


def oldest_day(con: Any, dataset: Dataset) -> str | None:
    """The day of the oldest row, where rows leave by their age."""
    if not dataset.retention:
        return None
    day = con.execute(f"select min({quote(dataset.retention.by)})::date::varchar from _stage").fetchall()[0][0]
    return None if day is None else str(day)


def blotted(line: str, forgotten: Sequence[str], key: str) -> str:
    """A line that could not be read, its words gone that name an erased subject."""
    if not forgotten:
        return line
    marks = set(forgotten)

    def word(match: re.Match[str]) -> str:
        said = f"forgotten:{match[0].strip()}".lower().encode()
        return "[forgotten]" if hmac.digest(bytes.fromhex(key), said, sha256).hex()[:32] in marks else match[0]

    return re.sub(r"[^,;\t|\"\s]+", word, line)


def mark_of(x: Any, key: str) -> Any:
    """The mark under which an erased key is remembered: a keyed hash, never the key."""
    from mesocosm.govern.privacy.pseudonymise import Pseudonymise

    return Pseudonymise().value(expr.literal("forgotten:") + expr.trimmed(x), key)
