"""The quality report: what was treated, what could not be read, and the row counts, which must add
up.

Knows SQL aggregates over two tables. Knows nothing of how the rows were cleaned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import FieldStatistics, MissingPattern, SnapshotReport
from mesocosm.core.messages import Message
from mesocosm.data.cleaning.facts import FieldFacts
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.column_groups import groups
from mesocosm.data.pipeline.expressions.typed_rows import count_texts, read_numbers
from mesocosm.data.pipeline.ibis_sql import Column, Table
from mesocosm.data.pipeline.recipe import Facts, Fields, columns_of, typed_table
from mesocosm.data.quality.table_statistics import SAMPLED
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows, list_columns, read_counts
from mesocosm.data.types.field import FieldKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LOOKED = 50_000
MOST_REASONS = 30  # that are listed one by one


def missing_patterns(
    con: DuckDBPyConnection, table: str, fields: Fields, most: int = 12
) -> list[MissingPattern]:
    """Which fields are missing together, and in how many rows (of a seeded share where they are
    many).
    """
    names = list(fields)
    every = max(1, count_rows(con, table) // SAMPLED)
    where = f" where hash(_row) % {every} = 0" if every > 1 else ""
    bits = ", ".join(f"case when {quote(n)} is null then '1' else '0' end" for n in names)
    pattern = f"concat({bits})"  # one call, as a chain of many || is too deep
    counts = count_texts(
        con,
        f"select p, count(*) from (select {pattern} as p from {table}{where}) group by p order by 2"
        f" desc, 1 limit {most}",
    )
    return [{"missing": _list_missing(names, bits), "rows": n} for bits, n in counts.items()]


def _list_missing(names: Sequence[str], bits: str) -> list[str]:
    """The fields that a pattern of ones and zeros says are missing."""
    return [name for name, bit in zip(names, bits, strict=True) if bit == "1"]


def examples(
    con: DuckDBPyConnection, written: str, fields: Fields, key: str | None, most: int = 3
) -> dict[str, list[list[str | None]]]:
    """For each field that is not private and not the key: values as they came and as they are kept,
    where the two differ; `LOOKED` rows are compared.
    """
    shown = {name: field for name, field in fields.items() if name != key and _may_show(field)}
    texts = {n: quote(c) for n, c in columns_of(fields).items()}
    found: dict[str, list[list[str | None]]] = {}
    for some in groups(shown):
        found |= _examples(con, written, some, texts, most)
    return found


def _may_show(field: FieldKind) -> bool:
    """Whether values of a field may stand in a report."""
    return not field.private and field.role != "image"


def _examples(
    con: DuckDBPyConnection, written: str, fields: Fields, texts: Mapping[str, str], most: int
) -> dict[str, list[list[str | None]]]:
    """The same of some fields."""
    pairs = ", ".join(
        f"r.{texts[n]}::varchar as a{i}, w.{quote(n)}::varchar as b{i}"
        for i, n in enumerate(fields)
    )
    con.execute(
        f"create temp table _pairs as select {pairs} from (select * from _raw limit {LOOKED}) r"
        f" join {written} w using (_row)"
    )
    found: dict[str, list[list[str | None]]] = {}
    for i, (name, field) in enumerate(fields.items()):
        query = _examples_sql(f"a{i}", f"b{i}", ibis_sql.is_number(field.ibis_type), most)
        rows: list[tuple[str | None, ...]] = con.execute(query).fetchall()
        if rows:
            found[name] = [list(row) for row in rows]
    con.execute("drop table _pairs")
    return found


def _examples_sql(came: str, kept: str, number: bool, most: int) -> str:
    """SQL of the most frequent pairs of a value as it came and as it is kept that differ."""
    same = f"trim({came}) is not distinct from {kept}"
    if number:
        same = f"try_cast(trim({came}) as double) is not distinct from try_cast({kept} as double)"
    return (
        f"select left(any_value({came}), 60), left({kept}, 60) from _pairs where not ({same} and"
        f" {came} is not null or coalesce(trim({came}), '') = '' and {kept} is null) group by"
        f" left({came}, 60), left({kept}, 60) order by count(*) desc, 1, 2 limit {most}"
    )


def other_measures(
    con: DuckDBPyConnection,
    written: str,
    fields: Fields,
    repaired: bool,
    truth: str | None,
    key: str | None,
) -> SnapshotReport:
    """The other measures of quality.

    Args:
        repaired: whether the dataset has repairs.
        truth: the table of true values, where there is one; its rows are found by `key`.

    Returns:
        `consistency` (rows that broke no rule over several values and needed no repair, 0 to 1),
        `newest` (the latest day of each date field, for timeliness), and with a table of the truth
        `accuracy` (the share of kept values that agree with it, by field, and `_all`).

    Source: ISO/IEC 25012 (data quality model).
    """
    odd = "_broken is not null"
    if repaired:
        odd += " or _mended <> ''"
    rows, bad = count_rows(con, "_stage"), count_rows(con, "_stage", odd)
    found: SnapshotReport = {"consistency": round(1 - bad / max(1, rows), 6)}
    newest = _find_newest_days(con, written, fields)
    if newest:
        found["newest"] = newest
    if truth and key:
        accuracy = _accuracy(con, written, fields, truth, key)
        if accuracy:
            found["accuracy"] = accuracy
    return found


def _find_newest_days(
    con: DuckDBPyConnection, written: str, fields: Fields
) -> dict[str, str | None]:
    """The latest day of each field of days or moments that is not private."""
    days = [n for n, f in fields.items() if f.ibis_type in ("date", "timestamp") and not f.private]
    if not days:
        return {}
    asked = ", ".join(f"max({quote(name)})::date::varchar" for name in days)
    row: tuple[str | None, ...] = con.execute(f"select {asked} from {written}").fetchall()[0]
    return dict(zip(days, row, strict=True))


def _accuracy(
    con: DuckDBPyConnection, written: str, fields: Fields, truth: str, key: str
) -> dict[str, float]:
    """The share of kept values that agree with the true ones, by field, and of all (`_all`)."""
    columns = _list_comparable(fields, list_columns(con, truth), key)
    agreeing = [
        _agrees(f"w.{quote(name)}", f"t.{quote(column)}", fields[name].ibis_type)
        for name, column in columns.items()
    ]
    asked = ", ".join(["count(*)", *(f"count(*) filter ({agrees})" for agrees in agreeing)])
    true_key = quote(fields[key].column or key)
    rows, *hits = read_counts(
        con,
        f"select {asked} from {written} w join {truth} t on w.{quote(key)}::varchar ="
        f" trim(t.{true_key}::varchar)",
    )
    if not rows or not columns:
        return {}
    found = {name: round(hit / rows, 6) for name, hit in zip(columns, hits, strict=True)}
    found["_all"] = round(sum(hits) / rows / len(columns), 6)
    return found


def _list_comparable(fields: Fields, there: Sequence[str], key: str) -> dict[str, str]:
    """The column of true values of each field but the key that is not private and has one."""
    columns: dict[str, str] = {}
    for name, field in fields.items():
        column = field.column or name
        if column in there and name != key and not field.private:
            columns[name] = column
    return columns


def _agrees(value: str, true: str, kind: str) -> str:
    """SQL that is true where a kept value is the true one, which is a text."""
    text = f"nullif(trim({true}::varchar), '')"
    if ibis_sql.is_number(kind):
        return (
            f"({value} is null and {text} is null or abs({value} - try_cast({text} as double)) <="
            f" 1e-9 * greatest(1, abs({value})))"
        )
    if kind in ("date", "timestamp"):
        text = f"try_cast({text} as {kind})::varchar"
    return f"{value}::varchar is not distinct from {text}"


def count_reasons(con: DuckDBPyConnection, lines: Iterable[str] = ()) -> dict[str, int]:
    """Why rows are quarantined, values left out of the sentences, each with its count, the most
    frequent first.

    Args:
        lines: why each line that is no row cannot be read.
    """
    found = Counter(f"the line cannot be read: {why}" for why in lines)
    counts = count_texts(con, "select _why, count(*) from _set_aside group by 1")
    for why, rows in counts.items():
        found[without_values(why)] += rows
    ranked = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    listed = dict(ranked[:MOST_REASONS])
    others = sum(rows for _, rows in ranked[MOST_REASONS:])
    if others:
        listed[f"{len(ranked) - MOST_REASONS} other reasons"] = others
    return listed


def without_values(why: str) -> str:
    """A reason without the value it is of, so that like ones are counted together and no value of a
    row is shown.

    >>> without_values("day: '2021-02-30' is not a date: there is no 30 February 2021")
    'day: a value is not a date: there is no such day'
    """
    plain = re.sub(r"'.{0,40}'(?= is not)", "a value", why)
    plain = re.sub(r"there is no \d+ [A-Z][a-z]+ -?\d+", "there is no such day", plain)
    plain = re.sub(r"there is no month \d+", "there is no such month", plain)
    return re.sub(r"two readings, \S+ and \S+;", "two readings;", plain)


def count_unreadable(
    con: DuckDBPyConnection,
    fields: Fields,
    types: Mapping[str, str],
    before: Mapping[str, FieldStatistics],
) -> dict[str, int]:
    """Per field: how many values were there and could not be read as its type; fields without any
    are left out.

    Args:
        types: the Ibis type of each raw column.
        before: the profile of the read rows.
    """
    found: dict[str, int] = {}
    for name, column in columns_of(fields).items():
        if not before[name]["missing"] or column not in types:
            continue
        (count,) = read_numbers(con, _unread_sql(name, fields[name], column, types[column]))
        if count:
            found[name] = int(count)
    return found


def _unread_sql(name: str, field: FieldKind, column: str, kind: str) -> str:
    """SQL of how many cells of a column say something that its field did not read."""
    table = ibis_sql.table("_unread", {column: kind})
    value = table[column]
    if kind == "string" and field.trims:
        value = ibis_sql.trim(value)
    value = field.unless_null(value)
    if field.absent:
        value = ibis_sql.unless_absent(value, field.absent)
    unread = (
        f"select {quote(column)} from _raw where _row in (select _row from _stage where"
        f" {quote(name)} is null) and {quote(column)} is not null"
    )
    present = ibis_sql.to_sql(table.aggregate(n=value.notnull().sum()))
    return f"with _unread as ({unread}) {present}"


def count_treated(
    con: DuckDBPyConnection, fields: Fields, facts: Facts
) -> dict[str, dict[str, int]]:
    """Per field: how many missing values were imputed and how many values were outliers."""
    rows = typed_table(fields, "_parted", "_row", "_why")
    rows = rows.filter(rows["_why"].isnull())
    asked = _list_treated(rows, fields, facts)
    found: dict[str, dict[str, int]] = {name: {"filled": 0} for name in fields}
    if asked:
        query = rows.aggregate(**{f"c{i}": x for i, x in enumerate(asked.values())})
        counts = read_numbers(con, ibis_sql.to_sql(query))
        for (name, what), count in zip(asked, counts, strict=True):
            found[name][what] = int(count or 0)
    return found


def _list_treated(rows: Table, fields: Fields, facts: Facts) -> dict[tuple[str, str], Column]:
    """What is counted of each field: values that were imputed (`filled`) or lay `outside`."""
    asked: dict[tuple[str, str], Column] = {}
    for name, field in fields.items():
        known = facts.get(name, FieldFacts())
        if "fill" in known:
            asked[name, "filled"] = rows[name].isnull().sum()
        if field.outlier_detector and known.get("fence"):
            outside = field.outlier_detector.outside(rows[name], known["fence"], rows)
            asked[name, "outside"] = outside.sum()
    return asked


def account_sentence(account: dict[str, int]) -> Message:
    """The row counts in words; they add up."""
    sentence = Message(
        "progress.rows_account",
        rows=account["in"],
        kept=account["kept"],
        quarantined=account["quarantined"],
        duplicates=account["duplicates"],
    )
    if account.get("forgotten"):
        rows = account["forgotten"]
        sentence = Message("progress.rows_forgotten", account=sentence, rows=rows)
    if account.get("expired"):
        sentence = Message("progress.rows_expired", account=sentence, rows=account["expired"])
    return sentence


def score(
    account: dict[str, int],
    after: Mapping[str, FieldStatistics],
    before: Mapping[str, FieldStatistics],
) -> float:
    """Quality from 0 to 1: the share of cells that came in whole, times the share of rows kept."""
    kept = account["kept"] / max(1, account["in"])
    complete = (_measure_completeness(before) + _measure_completeness(after)) / 2
    return float(round(kept * complete, 4))


def _measure_completeness(profile: Mapping[str, FieldStatistics]) -> float:
    """The share of the cells of a table that hold a value."""
    cells = sum(field["rows"] for field in profile.values()) or 1
    return 1 - sum(field["missing"] for field in profile.values()) / cells
