"""The quality report: what was treated, what could not be read, and the row counts, which must add
up.

Knows SQL aggregates over two tables. Knows nothing of how the rows were cleaned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.column_groups import groups
from mesocosm.data.pipeline.recipe import Facts, Fields, columns_of, typed_table
from mesocosm.data.quality.table_statistics import SAMPLED
from mesocosm.data.sources.path_utils import quote

LOOKED = 50_000
MOST_REASONS = 30  # that are listed one by one


def missing_patterns(con: Any, table: str, fields: Fields, most: int = 12) -> list[dict[str, Any]]:
    """Which fields are missing together, and in how many rows (of a seeded share where they are
    many).
    """
    names = list(fields)
    rows = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    every = max(1, rows // SAMPLED)
    where = f" where hash(_row) % {every} = 0" if every > 1 else ""
    bits = ", ".join(f"case when {quote(n)} is null then '1' else '0' end" for n in names)
    pattern = f"concat({bits})"  # one call, as a chain of many || is too deep
    found = con.execute(
        f"select p, count(*) from (select {pattern} as p from {table}{where}) group by p order by 2"
        f" desc, 1 limit {most}"
    ).fetchall()
    return [
        {"missing": [n for n, bit in zip(names, p, strict=True) if bit == "1"], "rows": n}
        for p, n in found
    ]


def examples(
    con: Any, written: str, fields: Fields, key: str | None, most: int = 3
) -> dict[str, list[list[str | None]]]:
    """For each field that is not private and not the key: values as they came and as they are kept,
    where the two differ; `LOOKED` rows are compared.
    """
    shown = {n: f for n, f in fields.items() if not f.private and n != key and f.role != "image"}
    texts = {n: quote(c) for n, c in columns_of(fields).items()}
    found: dict[str, list[list[str | None]]] = {}
    for some in groups(shown):
        found |= _examples(con, written, some, texts, most)
    return found


def _examples(
    con: Any, written: str, fields: Fields, texts: Mapping[str, str], most: int
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
        same = f"trim(a{i}) is not distinct from b{i}"
        if ibis_sql.is_number(field.ibis_type):
            same = f"try_cast(trim(a{i}) as double) is not distinct from try_cast(b{i} as double)"
        query = (
            f"select left(any_value(a{i}), 60), left(b{i}, 60) from _pairs where not ({same} and"
            f" a{i} is not null or coalesce(trim(a{i}), '') = '' and b{i} is null) group by"
            f" left(a{i}, 60), left(b{i}, 60) order by count(*) desc, 1, 2 limit {most}"
        )
        some = [list(row) for row in con.execute(query).fetchall()]
        if some:
            found[name] = some
    con.execute("drop table _pairs")
    return found


def other_measures(
    con: Any, written: str, fields: Fields, repaired: bool, truth: str | None, key: str | None
) -> dict[str, Any]:
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
    rows, bad = con.execute(f"select count(*), count(*) filter ({odd}) from _stage").fetchall()[0]
    found: dict[str, Any] = {"consistency": round(1 - bad / max(1, rows), 6)}
    days = [n for n, f in fields.items() if f.ibis_type in ("date", "timestamp") and not f.private]
    if days:
        row = con.execute(
            f"select {', '.join(f'max({quote(n)})::date::varchar' for n in days)} from {written}"
        ).fetchall()[0]
        found["newest"] = dict(zip(days, row, strict=True))
    if truth and key:
        accuracy = _accuracy(con, written, fields, truth, key)
        if accuracy:
            found["accuracy"] = accuracy
    return found


def _accuracy(con: Any, written: str, fields: Fields, truth: str, key: str) -> dict[str, float]:
    """The share of kept values that agree with the true ones, by field, and of all (`_all`)."""
    there = {r[0] for r in con.execute(f"describe {truth}").fetchall()}
    columns: dict[str, str] = {}
    for name, field in fields.items():
        column = field.column or name
        if column in there and name != key and not field.private:
            columns[name] = column
    agreeing = []
    for name, column in columns.items():
        agrees = _agrees(f"w.{quote(name)}", f"t.{quote(column)}", fields[name].ibis_type)
        agreeing.append(f"count(*) filter ({agrees})")
    true_key = quote(fields[key].column or key)
    rows, *hits = con.execute(
        f"select count(*), {', '.join([*agreeing, '0'])} from {written} w join {truth} t on"
        f" w.{quote(key)}::varchar = trim(t.{true_key}::varchar)"
    ).fetchall()[0]
    if not rows or not columns:
        return {}
    found = {name: round(hit / rows, 6) for name, hit in zip(columns, hits, strict=False)}
    found["_all"] = round(sum(hits) / rows / len(columns), 6)
    return found


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


def count_reasons(con: Any, lines: Iterable[str] = ()) -> dict[str, int]:
    """Why rows are quarantined, values left out of the sentences, each with its count, the most
    frequent first.

    Args:
        lines: why each line that is no row cannot be read.
    """
    found = Counter(f"the line cannot be read: {why}" for why in lines)
    for why, rows in con.execute("select _why, count(*) from _set_aside group by 1").fetchall():
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
    con: Any, fields: Fields, types: Mapping[str, str], before: Mapping[str, Mapping[str, Any]]
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
        table = ibis_sql.table("_unread", {column: types[column]})
        value = table[column]
        if types[column] == "string" and fields[name].trims:
            value = ibis_sql.trim(value)
        value = fields[name].unless_null(value)
        if fields[name].absent:
            value = ibis_sql.unless_absent(value, fields[name].absent)
        unread = (
            f"select {quote(column)} from _raw where _row in (select _row from _stage where"
            f" {quote(name)} is null) and {quote(column)} is not null"
        )
        present = ibis_sql.to_sql(table.aggregate(n=value.notnull().sum()))
        count = con.execute(f"with _unread as ({unread}) {present}").fetchall()[0][0]
        if count:
            found[name] = int(count)
    return found


def count_treated(con: Any, fields: Fields, facts: Facts) -> dict[str, dict[str, int]]:
    """Per field: how many missing values were imputed and how many values were outliers."""
    rows = typed_table(fields, "_parted", "_row", "_why")
    rows = rows.filter(rows._why.isnull())
    asked: dict[tuple[str, str], Any] = {}
    for name, field in fields.items():
        known = facts.get(name, {})
        if "fill" in known:
            asked[name, "filled"] = rows[name].isnull().sum()
        if field.outlier_detector and known.get("fence"):
            asked[name, "outside"] = field.outlier_detector.outside(
                rows[name], known["fence"], rows
            ).sum()
    found: dict[str, dict[str, int]] = {name: {"filled": 0} for name in fields}
    if not asked:
        return found
    query = ibis_sql.to_sql(rows.aggregate(**{f"c{i}": x for i, x in enumerate(asked.values())}))
    for (name, what), value in zip(asked, con.execute(query).fetchone(), strict=True):
        found[name][what] = int(value or 0)
    return found


def account_sentence(account: dict[str, int]) -> str:
    """The row counts in words; they add up."""
    more = "".join(f" + {account[k]} {k}" for k in ("forgotten", "expired") if account.get(k))
    return (
        f"{account['in']} rows in = {account['kept']} kept + {account['quarantined']} quarantined +"
        f" {account['duplicates']} duplicates{more}"
    )


def score(
    account: dict[str, int], after: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]
) -> float:
    """Quality from 0 to 1: the share of cells that came in whole, times the share of rows kept."""
    cells = sum(p["rows"] for p in before.values()) or 1
    kept_cells = sum(p["rows"] for p in after.values()) or 1
    complete_before = 1 - sum(p["missing"] for p in before.values()) / cells
    complete_after = 1 - sum(p["missing"] for p in after.values()) / kept_cells
    kept = account["kept"] / max(1, account["in"])
    return float(round(kept * (complete_before + complete_after) / 2, 4))
