"""What only a person can accept: spellings, dependencies, values in the wrong field, outliers,
equal rows. Each with counts and examples.

Knows the repairs and the rows looked at; changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.data.cleaning.outliers.iqr import Iqr
from mesocosm.data.cleaning.repairs.dependency import Dependency
from mesocosm.data.cleaning.repairs.misplaced_value import Moved
from mesocosm.data.cleaning.repairs.repair import RepairKind
from mesocosm.data.cleaning.repairs.spelling import Spelling
from mesocosm.data.pipeline.internal_names import working_column
from mesocosm.data.profiling.columns.column import BLANK, TRIMMED, Column, Proposal, share
from mesocosm.data.profiling.columns.totals import totals
from mesocosm.data.sources.path_utils import quote

EXAMPLES = 10
NEW, ROWS = working_column("new"), working_column("rows")
CLEAN = "_clean"  # the rows looked at, trimmed, blank ones null
HELD_FIELDS = 60  # columns that are looked at in full; of a wider table, so many of words
MOST_FIELDS = 60  # categories that are held against each other

Fields = Mapping[str, Mapping[str, Any]]


def guesses(
    con: Any,
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
    able = [
        c
        for c in columns
        if c.name not in fixed
        and not fields[c.name].get("private")
        and "values" not in fields[c.name]
    ]
    narrow = len(columns) <= HELD_FIELDS
    words = (
        able
        if narrow
        else [c for c in able if fields[c.name]["type"] in ("category", "text")][:HELD_FIELDS]
    )
    cleaned = (
        columns if narrow else words
    )  # the engine holds each of them several times while it trims them
    if cleaned:
        texts = ", ".join(
            f"case when {BLANK.replace('x', quote(c.name) + '::varchar')} then null else"
            f" {TRIMMED.replace('x', quote(c.name) + '::varchar', 1)} end as {quote(c.name)}"
            for c in cleaned
        )
        con.execute(f"create or replace temp table {CLEAN} as select {texts} from {quote(table)}")
    found = [
        *totals(con, CLEAN, fields, cleaned),
        *_spelling(con, fields, words),
        *_moved(con, fields, words),
        *_dependencies(con, fields, words),
        *_outliers(fields, able),
    ]
    if key is None and len(columns) > 1:
        found += _equal_rows(con, CLEAN if narrow else table, fields, columns)
    con.execute(f"drop table if exists {CLEAN}")
    return found


def _repair(con: Any, repair: RepairKind, settings: Mapping[str, Any], why: str) -> list[Proposal]:
    """A proposal of what a repair would do to the rows looked at; none where it would do
    nothing.
    """
    values = repair.values(repair.fit(con, CLEAN))
    changes, shown = 0, list[str]()
    for name, sql in values.items():
        x = quote(name)
        changed = f"select {x}, {sql} as {NEW} from {CLEAN}"
        told = con.execute(
            f"select {x}, {NEW}, count(*) as {ROWS} from ({changed}) where {NEW} is not null and"
            f" {NEW} is distinct from {x} group by 1, 2 order by {ROWS} desc, 1, 2"
        ).fetchall()
        changes += sum(n for _, _, n in told)
        shown += [
            f"{name}: {_short(old)} -> {_short(new)} ({n} {'row' if n == 1 else 'rows'})"
            for old, new, n in told
        ]
    if not changes:
        return []
    return [
        Proposal(
            "repairs", json.dumps(settings, ensure_ascii=False), why, changes, shown[:EXAMPLES]
        )
    ]


def _spelling(con: Any, fields: Fields, columns: Sequence[Column]) -> list[Proposal]:
    found: list[Proposal] = []
    for column in columns:
        if fields[column.name]["type"] == "category" and len(column.counts) <= 20_000:
            table = Spelling(of=(column.name,)).table(column.counts)
            if table and sum(column.counts[v] for v in table) <= 0.2 * column.rows:
                found += _repair(
                    con,
                    Spelling(of=(column.name,)),
                    {"repair": "spelling", "of": [column.name]},
                    f"rare values of {column.name} that are almost a frequent one",
                )
    return found


def _moved(con: Any, fields: Fields, columns: Sequence[Column]) -> list[Proposal]:
    words = [c for c in columns if fields[c.name]["type"] in ("category", "text")]
    found: list[Proposal] = []
    for to in (c for c in words if c.missing and c.distinct <= 200):
        known = [v for v, n in to.counts.items() if n > 1 and " " not in v]
        for source in words if known else ():
            if source is to:
                continue
            a, b = quote(source.name), quote(to.name)
            query = (
                f"select count(*), count(*) filter (list_contains(?, regexp_extract({a},"
                f" '^.*\\S\\s+(\\S+)$', 1))) from {CLEAN} where {b} is null and {a} is not null"
            )
            gaps, hits = con.execute(query, [known]).fetchall()[0]
            if gaps and hits >= max(3, 0.5 * gaps):
                repair = Moved.model_validate({"from": source.name, "to": to.name})
                found += _repair(
                    con,
                    repair,
                    {"repair": "moved", "from": source.name, "to": to.name},
                    f"of {gaps} rows without {to.name}, {hits} end {source.name} with one of its"
                    " values",
                )
                break
    return found


def _dependencies(con: Any, fields: Fields, columns: Sequence[Column]) -> list[Proposal]:
    """Fields that others determine: groups of a determinant nearly always agree."""
    able = [
        c for c in columns if fields[c.name]["type"] == "category" and 1 < c.distinct < c.rows / 2
    ][:MOST_FIELDS]
    found: list[Proposal] = []
    for to in able:
        by: list[str] = []
        told: list[str] = []
        for column in able:
            if column is to:
                continue
            a, b = quote(column.name), quote(to.name)
            pairs = (
                f"select {a} as a, {b} as b, count(*) as n from {CLEAN} where {a} is not null and"
                f" {b} is not null group by 1, 2"
            )
            query = (
                "select sum(top), sum(total), count(*) from (select a, max(n) as top, sum(n) as"
                f" total from ({pairs}) group by a having sum(n) >= 3)"
            )
            top, total, groups = con.execute(query).fetchall()[0]
            common = max(to.counts.values()) / max(1, sum(to.counts.values()))
            if (
                groups
                and groups >= 3
                and total >= 0.5 * to.rows
                and top / total >= 0.85
                and (top / total - common) >= 0.5 * (1 - common)
            ):
                by.append(column.name)
                told.append(f"{column.name} tells it in {share(top, total)} of {int(total)} rows")
        if by:
            found += _repair(
                con,
                Dependency.model_validate({"from": by, "to": to.name}),
                {"repair": "dependency", "from": by, "to": to.name},
                f"{to.name} mostly follows from other fields: {', '.join(told)}",
            )
    return found


def _outliers(fields: Fields, columns: Sequence[Column]) -> list[Proposal]:
    found: list[Proposal] = []
    for column in columns:
        settings = fields[column.name]
        if (
            settings["type"] != "number"
            or settings.get("unit")
            or settings.get("spellings")
            or len(column.counts) < 20
        ):
            continue
        numbers = sorted(
            (float(v.replace(",", ".")), n, v)
            for v, n in column.counts.items()
            if re.fullmatch(r"[-+]?\d*[.,]?\d+([eE][-+]?\d+)?", v)
        )
        if len(numbers) < 20:
            continue
        fence = Iqr().fit_bounds(
            {"q1": numbers[len(numbers) // 4][0], "q3": numbers[3 * len(numbers) // 4][0]}
        )
        out = [(x, n, v) for x, n, v in numbers if not fence["low"] <= x <= fence["high"]]
        if out:
            line = {**settings, "outliers": {"method": "iqr", "k": 3.0, "action": "flag"}}
            rows = sum(n for _, n, _ in out)
            shown = [
                f"{v} ({n} {'row' if n == 1 else 'rows'}) -> {v}, flagged"
                for _, n, v in [*out[:5], *out[5:][-5:]]
            ]
            found.append(
                Proposal(
                    f"fields.{column.name}",
                    json.dumps(line, ensure_ascii=False),
                    f"{rows} {'value lies' if rows == 1 else 'values lie'} far from the others,"
                    f" outside {fence['low']:g} to {fence['high']:g}; they may be right",
                    rows,
                    shown,
                )
            )
    return found


def _equal_rows(con: Any, table: str, fields: Fields, columns: Sequence[Column]) -> list[Proposal]:
    """Rows of a table that equal another: people of the same few answers, or copies; nothing here
    can tell.

    Where the table has many columns it is the source's own, so that spaces around values make rows
    different.
    """
    names = ", ".join(quote(c.name) for c in columns)
    first = [c.name for c in columns if not fields[c.name].get("private")][:8]
    shown = ", ".join(f"first({quote(n)}) as {quote(n)}" for n in first) or "1"
    same = (  # rows that equal in 128 bits
        f"hash({names}), hash({', '.join(quote(c.name) for c in reversed(columns))})"
    )
    equal = (
        f"select {shown}, count(*) as {ROWS} from {quote(table)} group by {same} having"
        " count(*) > 1"
    )
    rows, groups = con.execute(
        f"select coalesce(sum({ROWS}), 0), count(*) from ({equal})"
    ).fetchall()[0]
    whole = con.execute(f"select count(*) from {quote(table)}").fetchall()[0][0]
    gone = int(rows - groups)
    if not gone:
        return []
    listed = ", ".join(map(quote, first)) or "1"
    told = con.execute(
        f"select {listed}, {ROWS} from ({equal}) order by {ROWS} desc, {listed} limit {EXAMPLES}"
    ).fetchall()
    examples = [
        f"{row[-1]} rows -> 1:"
        f" {', '.join(f'{n}={_short(v)}' for n, v in zip(first, row, strict=False))}"
        for row in told
    ]
    why = (
        f"no column names a row, and {gone} of {whole} rows equal an earlier one"
        f" ({share(gone, whole)}). They may be copies, or different cases that look alike; all are"
        " kept"
    )
    return [Proposal("duplicates", '{"by": "row"}', why, gone, examples)]


def _short(value: Any) -> str:
    said = "missing" if value is None else re.sub(r"\s+", " ", str(value))
    return said if len(said) <= 40 else said[:37] + "..."
