"""What a column's own values prove about how they are written, looked up in the raw rows before
they are read.

Knows DuckDB. Looks at few values where few are enough, at all where they are not; what stays open
stops the build.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.pipeline.column_groups import slices
from mesocosm.data.pipeline.ingest import RawTable
from mesocosm.data.pipeline.recipe import Fields, columns_of
from mesocosm.data.profiling.column_readings import both_orders, day_month_order, decimal_mark
from mesocosm.data.sources.arrow_ingest import CELLS
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.types.date import Date
from mesocosm.data.types.number import Number
from mesocosm.data.types.time import Time

FIRST = 2000  # values that are enough in most columns
BETWEEN = r"(?:[\s\pZ]*[/.\-／．－][\s\pZ]*|[\s\pZ]+)"  # parts of a date
HEAD = rf"^[\s\pZ]*(\p{{Nd}}{{1,2}}{BETWEEN}\p{{Nd}}{{1,2}}{BETWEEN}\p{{Nd}}{{2,4}})"
MOST = 100_000  # distinct values with a comma


def prove(con: Any, fields: Fields, rows: RawTable) -> dict[str, str]:
    """The decimal mark (`,` or `mixed`) of each field of numbers that sets none and whose column
    does not prove the point.

    Raises:
        Wrong: the values of a column leave two readings open.
    """
    found, asked = _marks(con, fields, rows)
    if asked:
        raise asked[0]
    return found


def questions(con: Any, fields: Fields, rows: RawTable) -> list[Wrong]:
    """What `prove` and `orders` would stop at, for every column."""
    return _marks(con, fields, rows)[1] + _orders(con, fields, rows)[1]


def _marks(con: Any, fields: Fields, rows: RawTable) -> tuple[dict[str, str], list[Wrong]]:
    """The decimal marks that the columns prove, and a question for each column with two
    readings.
    """
    columns = columns_of(fields)
    numbers = {
        n: f
        for n, f in fields.items()
        if isinstance(f, Number) and f.decimal != "." and rows.types[columns[n]] == "string"
    }
    kinds = _cells(con, numbers)
    asked = {
        n: columns[n] for n, f in numbers.items() if f.decimal is None and kinds.get(n) != "numbers"
    }
    found: dict[str, str] = {
        n: "numbers" for n, f in numbers.items() if f.decimal == "," and kinds.get(n) == "numbers"
    }
    questions_: list[Wrong] = []
    open_: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    points = False  # whether some column of the dataset proves the point
    for name, column, table in _tables(con, asked, fields):
        proof = decimal_mark(_values(con, column, ",", MOST, table))
        if not proof.proofs or proof.reading == ".":
            first = decimal_mark(_values(con, column, ".", FIRST, table))
            if not first.proofs and first.open:
                first = decimal_mark(_values(con, column, ".", MOST, table))
            points = points or "." in first.proofs
            if (
                proof.few and "." in first.proofs
            ):  # too few for a decimal comma, and others against it
                found[name] = "mixed"
            if first.ambiguous and not proof.proofs:
                open_[name] = (first.open, first.few)
            elif "," in first.proofs and not proof.proofs:
                found[name] = "," if not first.mixed else "mixed"
            if proof.ambiguous and not first.proofs:
                questions_.append(_asked(fields, name, proof.open, proof.few))
            continue
        points = points or "." in proof.proofs
        other = decimal_mark(_values(con, column, ".", MOST, table)) if not proof.mixed else proof
        found[name] = "mixed" if proof.mixed or "." in other.proofs or other.few else ","
    if not points:  # a point that is the decimal mark of its neighbours is one here too
        questions_ += [_asked(fields, name, *values) for name, values in open_.items()]
    for name in (
        n
        for n, kind in kinds.items()
        if kind == "mixed" and (numbers[n].decimal or found.get(n)) == ","
    ):
        questions_.append(
            Wrong(
                f"fields.{name}",
                "some of its cells are numbers and others are texts with a decimal comma, so 1.234"
                " has two readings",
                "cells of one kind",
            )
        )
    return found, questions_


def _cells(con: Any, fields: Mapping[str, Any]) -> dict[str, str]:
    """For each field whether the cells of its column were `numbers` in every source that has it, or
    numbers and texts (`mixed`).
    """
    have = {
        str(row[0])
        for row in con.execute("select table_name from information_schema.tables").fetchall()
    }
    if CELLS not in have or not fields:
        return {}
    known: dict[str, set[str]] = {}
    for source, name, kind in con.execute(f"select source, name, kind from {CELLS}").fetchall():
        known.setdefault(str(name), set()).add(str(kind))
        known.setdefault(f"{str(source).removeprefix('src_')}.{name}", set()).add(str(kind))
    others = {
        str(row[0])
        for row in con.execute(
            "select distinct column_name from information_schema.columns where table_name like"
            f" 'src\\_%' escape '\\' and table_name not in (select source from {CELLS})"
        ).fetchall()
    }
    found = {}
    for name, field in fields.items():
        column = field.column or name
        kinds = known.get(column, set()) | (
            {"texts"} if column in others and column in known else set()
        )
        if kinds:
            found[name] = (
                next(iter(kinds))
                if len(kinds) == 1
                else "mixed"
                if kinds & {"numbers", "mixed"}
                else "texts"
            )
    return found


def orders(con: Any, fields: Fields, rows: RawTable) -> dict[str, str]:
    """The order of day and month (`dmy` or `mdy`) of each date or time whose formats read one text
    in both orders.

    Raises:
        Wrong: the values of a column prove no order, or prove both.
    """
    found, asked = _orders(con, fields, rows)
    if asked:
        raise asked[0]
    return found


def _orders(con: Any, fields: Fields, rows: RawTable) -> tuple[dict[str, str], list[Wrong]]:
    """The orders that the columns prove, and a question for each column with two readings."""
    columns = columns_of(fields)
    found: dict[str, str] = {}
    asked: list[Wrong] = []
    for name, field in fields.items():
        c = quote(columns[name])
        if (
            not isinstance(field, Date | Time)
            or rows.types[columns[name]] != "string"
            or not both_orders(field.formats)
        ):
            continue
        head = f"regexp_extract({c}, {text(HEAD)}, 1)"
        seen = con.execute(
            f"select distinct x from (select {head} as x from _raw) where x <> '' limit {MOST}"
        ).fetchall()
        proof = day_month_order(str(row[0]) for row in seen)
        if proof.reading in ("dmy", "mdy"):
            found[name] = proof.reading
        elif proof.mixed or proof.ambiguous:
            shown = (
                proof.open
                if not proof.mixed
                else tuple(v for values in proof.proofs.values() for v in values[:1])
            )
            told = "its values" if field.private else "'" + "', '".join(shown[:3]) + "'"
            why = (
                "prove two orders of day and month"
                if proof.mixed
                else "can be read day first or month first"
            )
            readings = "" if proof.mixed or field.private else f" ({_both(shown[0])})"
            asked.append(
                Wrong(
                    f"fields.{name}",
                    f"{told} {why}{readings}, and 'formats' has both",
                    "'formats' of one order of day and month",
                )
            )
    return found, asked


def _both(value: str) -> str:
    """The two readings of a date in digits.

    >>> _both("03/04/2024")
    "'03/04/2024' is 3 April or 4 March"
    """
    parts = [int(n) for n in re.findall(r"\d+", value)[:2]]
    return (
        f"{value!r} is {parts[0]} {month_name[parts[1]]} or {parts[1]} {month_name[parts[0]]}"
        if len(parts) == 2 and all(1 <= n <= 12 for n in parts)
        else ""
    )


def _tables(con: Any, asked: Mapping[str, str], fields: Fields) -> Iterator[tuple[str, str, str]]:
    """Each field, its column and the table to look it up in."""
    for table, group in slices(con, "_raw", {n: fields[n] for n in asked}, asked):
        yield from ((n, asked[n], table) for n in group)


def _values(con: Any, column: str, mark: str, most: int, table: str) -> list[str]:
    """Distinct values that hold a mark, full-width forms as they are."""
    c = quote(column)
    wide = "，" if mark == "," else "．"
    inner = f"select {c} as x from {table} where contains({c}, '{mark}') or contains({c}, '{wide}')"
    query = (
        f"select distinct x from ({inner}{f' limit {most}' if most == FIRST else ''}) limit {most}"
    )
    return [str(row[0]).strip() for row in con.execute(query).fetchall()]


def _asked(
    fields: Mapping[str, Any], name: str, values: tuple[str, ...], few: tuple[str, ...] = ()
) -> Wrong:
    """The question, with examples unless the field is private.

    Args:
        few: values that tell, and are too few to be believed.
    """
    shown = (
        "its values"
        if fields[name].private
        else "'" + "', '".join(sorted(v[:40] for v in values)[:3]) + "'"
    )
    mark = "," if any("," in v for v in values) else "."
    thing = "comma" if mark == "," else "point"
    one = "" if fields[name].private else _readings(min(values), mark)
    told = (
        "; too few of its values show the decimal mark"
        + ("" if fields[name].private else f", such as '{few[0][:40]}'")
        if few
        else ""
    )
    return Wrong(
        f"fields.{name}",
        f"{shown} can be read in two ways: the {thing} may group thousands or be the decimal"
        f" mark{one}{told}",
        'decimal: "." or decimal: ","',
    )


def _readings(value: str, mark: str) -> str:
    """The two numbers that a value may be, in brackets; empty where it is too long to show.

    >>> _readings("1,234 kg", ",")
    ' (1234 or 1.234)'
    """
    found = re.search(r"\d{1,3}[.,]\d{3}(?!\d)", value)
    return f" ({found[0].replace(mark, '')} or {found[0].replace(mark, '.')})" if found else ""
