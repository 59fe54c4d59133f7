"""What only a person can accept: spellings, dependencies, values in the wrong field, outliers,
equal rows. Each with counts and examples.

Knows the repairs and the rows looked at; changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.data.cleaning.outliers.iqr import Iqr
from mesocosm.data.cleaning.repairs.dependency import Dependency
from mesocosm.data.cleaning.repairs.misplaced_value import Moved
from mesocosm.data.cleaning.repairs.repair import RepairKind
from mesocosm.data.cleaning.repairs.spelling import Spelling
from mesocosm.data.pipeline.expressions.typed_rows import read_numbers
from mesocosm.data.pipeline.internal_names import working_column
from mesocosm.data.profiling.columns.column import (
    BLANK,
    TRIMMED,
    Column,
    FieldSettings,
    Proposal,
    format_share,
    show_change,
)
from mesocosm.data.profiling.columns.totals import propose_totals
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows, read_counts, read_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXAMPLES = 10
LONGEST = 40  # letters of an example
NEW, ROWS = working_column("new"), working_column("rows")
CLEAN = "_clean"  # the rows looked at, trimmed, blank ones null
HELD_FIELDS = 60  # columns that are looked at in full; of a wider table, so many of words
MOST_FIELDS = 60  # categories that are held against each other
MOST_SPELLINGS = 20_000  # different values of a column that are held against each other
MOST_TARGETS = 200  # different values of a field that another may hold
LEAST_NUMBERS = 20  # different numbers of which outliers are proposed
NUMBER = re.compile(r"[-+]?\d*[.,]?\d+([eE][-+]?\d+)?")

Fields = Mapping[str, FieldSettings]


def propose(
    con: DuckDBPyConnection,
    table: str,
    fields: Fields,
    columns: Sequence[Column],
    fixed: Sequence[str],
    key: str | None,
) -> list[Proposal]:
    """All proposals for a table.

    Args:
        fixed: fields that are never mended, such as identifiers.
    """
    able = [c for c in columns if c.name not in fixed and _may_mend(fields[c.name])]
    narrow = len(columns) <= HELD_FIELDS
    words, cleaned = able, columns
    if not narrow:  # the engine holds each of them several times while it trims them
        words = cleaned = _list_words(fields, able)[:HELD_FIELDS]
    _make_clean(con, table, cleaned)
    found = [
        *propose_totals(con, CLEAN, fields, cleaned),
        *_propose_repairs(con, fields, words),
        *_propose_outliers(fields, able),
    ]
    if key is None and len(columns) > 1:
        found += _propose_deduplication(con, CLEAN if narrow else table, fields, columns)
    con.execute(f"drop table if exists {CLEAN}")
    return found


def _propose_repairs(
    con: DuckDBPyConnection, fields: Fields, words: Sequence[Column]
) -> list[Proposal]:
    """Repairs of columns of words."""
    return [
        *_propose_spellings(con, fields, words),
        *_propose_moves(con, fields, words),
        *_propose_dependencies(con, fields, words),
    ]


def _may_mend(settings: FieldSettings) -> bool:
    """Whether values of a field may be shown, and are not listed."""
    return not settings.get("private") and "values" not in settings


def _list_words(fields: Fields, columns: Sequence[Column]) -> list[Column]:
    return [c for c in columns if fields[c.name]["type"] in ("category", "text")]


def _make_clean(con: DuckDBPyConnection, table: str, columns: Sequence[Column]) -> None:
    """Make `CLEAN` of some columns of a table, where there are any."""
    if not columns:
        return
    texts: list[str] = []
    for column in columns:
        name, cell = quote(column.name), f"{quote(column.name)}::varchar"
        blank, trimmed = BLANK.replace("x", cell), TRIMMED.replace("x", cell, 1)
        texts.append(f"case when {blank} then null else {trimmed} end as {name}")
    con.execute(
        f"create or replace temp table {CLEAN} as select {', '.join(texts)} from {quote(table)}"
    )


def _try_repair(
    con: DuckDBPyConnection, repair: RepairKind, settings: Mapping[str, Json], why: str
) -> list[Proposal]:
    """A proposal of what a repair would do to the rows looked at; none where it would do
    nothing.
    """
    values = repair.values(repair.fit(con, CLEAN))
    changes, examples = 0, list[str]()
    for name, sql in values.items():
        for change in _list_changes(con, name, sql):
            changes += change.rows
            swap = f"{_shorten(change.old)} -> {_shorten(change.new)}"
            examples.append(show_change(f"{name}: {swap}", change.rows))
    if not changes:
        return []
    line = json.dumps(settings, ensure_ascii=False)
    return [Proposal("repairs", line, why, changes, examples[:EXAMPLES])]


class _Change(NamedTuple):
    """A value that a repair would change, the new one, and its rows."""

    old: object
    new: object
    rows: int


def _list_changes(con: DuckDBPyConnection, name: str, sql: str) -> list[_Change]:
    """What a field would become by an expression, the most frequent changes first."""
    x = quote(name)
    changed = f"select {x}, {sql} as {NEW} from {CLEAN}"
    rows = con.execute(
        f"select {x}, {NEW}, count(*) as {ROWS} from ({changed}) where {NEW} is not null and"
        f" {NEW} is distinct from {x} group by 1, 2 order by {ROWS} desc, 1, 2"
    ).fetchall()
    return list(map(_Change._make, rows))


def _show_flagged(value: object, rows: int) -> str:
    """A value that stays and is flagged, with its rows."""
    return Message("data.flagged_in_rows", value=str(value), count=rows).render()


def _propose_spellings(
    con: DuckDBPyConnection, fields: Fields, columns: Sequence[Column]
) -> list[Proposal]:
    found: list[Proposal] = []
    for column in columns:
        if fields[column.name]["type"] == "category" and len(column.counts) <= MOST_SPELLINGS:
            found += _propose_spelling(con, column)
    return found


def _propose_spelling(con: DuckDBPyConnection, column: Column) -> list[Proposal]:
    """A repair of rare values that are almost a frequent one, where they are few in all."""
    repair = Spelling(of=(column.name,))
    table = repair.table(column.counts)
    if not table or sum(column.counts[value] for value in table) > 0.2 * column.rows:
        return []
    return _try_repair(
        con,
        repair,
        {"method": "spelling", "of": [column.name]},
        f"rare values of {column.name} that are almost a frequent one",
    )


def _propose_moves(
    con: DuckDBPyConnection, fields: Fields, columns: Sequence[Column]
) -> list[Proposal]:
    """Values of a field that stand at the end of another, where the field has none."""
    words = _list_words(fields, columns)
    found: list[Proposal] = []
    for to in words:
        if to.missing and to.distinct <= MOST_TARGETS:
            found += _propose_move(con, to, [c for c in words if c is not to])
    return found


def _propose_move(con: DuckDBPyConnection, to: Column, sources: Sequence[Column]) -> list[Proposal]:
    """A move into a field from the first of some others that often ends with its values."""
    known = [v for v, n in to.counts.items() if n > 1 and " " not in v]
    if not known:
        return []
    for source in sources:
        gaps, hits = _count_endings(con, source, to, known)
        if gaps and hits >= max(3, 0.5 * gaps):
            why = (
                f"of {gaps} rows without {to.name}, {hits} end {source.name} with one of its values"
            )
            return _try_move(con, source, to, why)
    return []


def _try_move(con: DuckDBPyConnection, source: Column, to: Column, why: str) -> list[Proposal]:
    """What a move of last words from one field into another would do."""
    repair = Moved.model_validate({"from": source.name, "to": to.name})
    settings = {"method": "moved", "from": source.name, "to": to.name}
    return _try_repair(con, repair, settings, why)


def _count_endings(
    con: DuckDBPyConnection, source: Column, to: Column, known: Sequence[str]
) -> tuple[int, int]:
    """The rows that lack a field but not another, and those in which the other ends with one of
    some values.
    """
    a, b = quote(source.name), quote(to.name)
    query = (
        f"select count(*), count(*) filter (list_contains(?, regexp_extract({a},"
        f" '^.*\\S\\s+(\\S+)$', 1))) from {CLEAN} where {b} is null and {a} is not null"
    )
    gaps, hits = con.execute(query, [known]).fetchall()[0]
    return int(gaps), int(hits)


def _propose_dependencies(
    con: DuckDBPyConnection, fields: Fields, columns: Sequence[Column]
) -> list[Proposal]:
    """Fields that others determine: groups of a determinant nearly always agree."""
    categories = [c for c in columns if fields[c.name]["type"] == "category"]
    able = list(filter(_may_depend, categories))[:MOST_FIELDS]
    found: list[Proposal] = []
    for to in able:
        found += _propose_dependency(con, to, [c for c in able if c is not to])
    return found


def _may_depend(column: Column) -> bool:
    """Whether values of a column differ, and come often enough to say something."""
    return 1 < column.distinct < column.rows / 2


def _propose_dependency(
    con: DuckDBPyConnection, to: Column, others: Sequence[Column]
) -> list[Proposal]:
    """A repair of a field by those of some others that determine it."""
    evidence: dict[str, str] = {}
    for column in others:
        if why := _explain_dependency(con, column, to):
            evidence[column.name] = why
    if not evidence:
        return []
    by = list(evidence)
    return _try_repair(
        con,
        Dependency.model_validate({"from": by, "to": to.name}),
        {"method": "dependency", "from": by, "to": to.name},
        f"{to.name} mostly follows from other fields: {', '.join(evidence.values())}",
    )


def _explain_dependency(con: DuckDBPyConnection, column: Column, to: Column) -> str:
    """Why a column determines another; empty where it does not."""
    a, b = quote(column.name), quote(to.name)
    pairs = (
        f"select {a} as a, {b} as b, count(*) as n from {CLEAN} where {a} is not null and"
        f" {b} is not null group by 1, 2"
    )
    query = (
        "select sum(top), sum(total), count(*) from (select a, max(n) as top, sum(n) as"
        f" total from ({pairs}) group by a having sum(n) >= 3)"
    )
    row = read_numbers(con, query)
    top, total, groups = (number or 0.0 for number in row)
    if groups < 3 or total < 0.5 * to.rows:
        return ""
    share = top / total
    common = max(to.counts.values()) / max(1, sum(to.counts.values()))
    if share < 0.85 or share - common < 0.5 * (1 - common):
        return ""
    return f"{column.name} determines it in {format_share(top, total)} of {int(total)} rows"


def _propose_outliers(fields: Fields, columns: Sequence[Column]) -> list[Proposal]:
    found = (_propose_outliers_of(column, fields[column.name]) for column in columns)
    return [proposal for proposal in found if proposal]


def _propose_outliers_of(column: Column, settings: FieldSettings) -> Proposal | None:
    """A flag of the numbers of a column that lie far from the others; None where none do."""
    if settings["type"] != "number" or settings.get("unit") or settings.get("spellings"):
        return None
    numbers = _list_numbers(column)
    if len(numbers) < LEAST_NUMBERS:
        return None
    return _propose_flag(column, settings, numbers)


def _propose_flag(
    column: Column, settings: FieldSettings, numbers: Sequence[tuple[float, int, str]]
) -> Proposal | None:
    """A flag of the numbers beyond three spans of their quartiles; None where there are none."""
    q1, q3 = numbers[len(numbers) // 4][0], numbers[3 * len(numbers) // 4][0]
    low, high = Iqr().place_bounds({"q1": q1, "q3": q3})
    outliers = [(n, v) for x, n, v in numbers if not low <= x <= high]
    if not outliers:
        return None
    line = {**settings, "outliers": {"method": "iqr", "k": 3.0, "action": "flag"}}
    rows = sum(n for n, _ in outliers)
    lie = "value lies" if rows == 1 else "values lie"
    return Proposal(
        f"fields.{column.name}",
        json.dumps(line, ensure_ascii=False),
        f"{rows} {lie} far from the others, outside {low:g} to {high:g}; they may be right",
        rows,
        [_show_flagged(v, n) for n, v in [*outliers[:5], *outliers[5:][-5:]]],
    )


def _list_numbers(column: Column) -> list[tuple[float, int, str]]:
    """The plain numbers of a column, the least first, each with its rows and as it is written."""
    return sorted(
        (float(v.replace(",", ".")), n, v) for v, n in column.counts.items() if NUMBER.fullmatch(v)
    )


def _propose_deduplication(
    con: DuckDBPyConnection, table: str, fields: Fields, columns: Sequence[Column]
) -> list[Proposal]:
    """Rows of a table that equal another: people of the same few answers, or copies; nothing here
    can tell.

    Where the table has many columns it is the source's own, so that spaces around values make rows
    different.
    """
    first = [c.name for c in columns if not fields[c.name].get("private")][:8]
    equal = _equal_sql(table, first, [quote(c.name) for c in columns])
    rows, groups = read_counts(con, f"select coalesce(sum({ROWS}), 0), count(*) from ({equal})")
    copies = rows - groups
    if not copies:
        return []
    whole = count_rows(con, quote(table))
    listed = ", ".join(map(quote, first)) or "1"
    largest = read_rows(
        con,
        f"select {listed}, {ROWS} from ({equal}) order by {ROWS} desc, {listed} limit {EXAMPLES}",
    )
    examples = [_show_equal(first, row) for row in largest]
    why = (
        f"no column names a row, and {copies} of {whole} rows equal an earlier one"
        f" ({format_share(copies, whole)}). They may be copies, or different cases that look alike;"
        " all are kept"
    )
    return [Proposal("duplicates", '{"by": "row"}', why, copies, examples)]


def _equal_sql(table: str, first: Sequence[str], names: Sequence[str]) -> str:
    """SQL of the groups of rows that are equal in all columns: some of their values, and how many
    rows.

    Args:
        first: the columns that are shown.
        names: all columns, quoted.
    """
    shown = ", ".join(f"first({quote(n)}) as {quote(n)}" for n in first) or "1"
    same = f"hash({', '.join(names)}), hash({', '.join(reversed(names))})"  # equal in 128 bits
    return (
        f"select {shown}, count(*) as {ROWS} from {quote(table)} group by {same} having"
        " count(*) > 1"
    )


def _show_equal(names: Sequence[str], row: Sequence[object]) -> str:
    """A group of equal rows: how many, and some of their values."""
    values = ", ".join(f"{n}={_shorten(v)}" for n, v in zip(names, row, strict=False))
    return Message("data.equal_rows", rows=str(row[-1]), values=values).render()


def _shorten(value: object) -> str:
    if value is None:
        return Message("data.value_missing").render()
    text = re.sub(r"\s+", " ", str(value))
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 3] + "..."
