"""A contract with a source: what it promises to hold, checked before anything is made of it.

Knows one table of a source and SQL aggregates. Changes nothing; a broken promise is a sentence.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mesocosm.core.durations import Duration, seconds
from mesocosm.core.errors import Wrong
from mesocosm.core.settings import Kind
from mesocosm.data.pipeline.internal_names import PLACE_COLUMNS
from mesocosm.data.sources.path_utils import quote

Form = Literal["text", "number", "integer", "date", "boolean"]
Share = Annotated[float, Field(ge=0, le=1)]
TESTS = {
    "number": "try_cast({x} as double) is null",
    "integer": "coalesce(try_cast({x} as double) <> round(try_cast({x} as double)), true)",
    "date": (
        "coalesce(try_cast({x} as date)::varchar, try_strptime({x}, ['%d/%m/%Y', '%d.%m.%Y',"
        " '%Y/%m/%d', '%Y年%m月%d日'])::varchar) is null"
    ),
    "boolean": (
        "lower({x}) not in ('true', 'false', 'yes', 'no', 'y', 'n', 't', 'f', '1', '0', '是', '否')"
    ),
}
FEW_BAD = 0.01


class Fresh(Kind):
    """How old the newest row may be.

    Args:
        by: the column with the day or time.
        within: the greatest age, as `2d`.
    """

    by: str
    within: Duration


class Contract(Kind):
    """What a source promises; `plan` and `build` stop at a promise that is broken.

    Args:
        columns: columns that must be there: a list, or a map of each to its form. Of a column's
            values at most 1 % may have another form.
        closed: whether columns not named break the promise.
        unique: columns whose values never come twice.
        missing: the greatest share of missing values of a column.
        least: the fewest rows.
        most: the most rows.
        fresh: how old the newest row may be.
        owner: whom to ask when it breaks.

    Source: Bitol Open Data Contract Standard 3.0 (schema, quality, service levels).

    >>> Contract(columns=["id"]).columns
    {'id': 'text'}
    """

    columns: dict[str, Form] = {}
    closed: bool = False
    unique: tuple[str, ...] = ()
    missing: dict[str, Share] = {}
    least: int = Field(0, ge=0)
    most: int | None = Field(None, ge=1)
    fresh: Fresh | None = None
    owner: str = ""

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("columns"), (list, tuple)):
            return {**value, "columns": dict.fromkeys(value["columns"], "text")}
        return value


def broken(contract: Contract, con: Any, table: str, now: float | None = None) -> list[Wrong]:
    """The promises a table of a source breaks, each a sentence; values are never shown.

    Args:
        now: seconds since 1970.
    """
    return list(_broken(contract, con, table, time.time() if now is None else now))


def _broken(contract: Contract, con: Any, table: str, now: float) -> Iterator[Wrong]:
    have = [
        row[0]
        for row in con.execute(f"describe {quote(table)}").fetchall()
        if row[0] not in PLACE_COLUMNS
    ]
    asked = [
        *contract.columns,
        *contract.unique,
        *contract.missing,
        *([contract.fresh.by] if contract.fresh else []),
    ]
    for name in dict.fromkeys(asked):
        if name not in have:
            yield Wrong(
                "contract.columns",
                f"the source broke its contract: its column '{name}' is gone",
                f"a column '{name}'",
                have,
                name,
            )
    for name in have if contract.closed else ():
        if name not in contract.columns:
            yield Wrong(
                "contract.closed",
                f"the source broke its contract: it has a new column '{name}'",
                "only the columns named",
                list(contract.columns),
                name,
            )
    rows = int(con.execute(f"select count(*) from {quote(table)}").fetchall()[0][0])
    if rows < contract.least or (contract.most is not None and rows > contract.most):
        wanted = (
            f"{contract.least} to {contract.most}"
            if contract.most is not None
            else f"{contract.least} or more"
        )
        yield Wrong(
            "contract.least" if rows < contract.least else "contract.most",
            f"the source broke its contract: it gave {rows} rows",
            f"{wanted} rows",
        )
    for name, form in contract.columns.items():
        if name in have and form in TESTS:
            x = f"trim({quote(name)}::varchar)"
            there, bad = con.execute(
                f"select count(*) filter ({x} <> ''), count(*) filter ({x} <> '' and"
                f" {TESTS[form].format(x=x)}) from {quote(table)}"
            ).fetchall()[0]
            if bad > FEW_BAD * there:
                yield Wrong(
                    f"contract.columns.{name}",
                    f"the source broke its contract: {bad} of {there} values of '{name}' are no"
                    f" {form}",
                    f"values of the form '{form}'",
                )
    for name in contract.unique:
        if name in have:
            there, distinct = con.execute(
                f"select count({quote(name)}), count(distinct {quote(name)}) from {quote(table)}"
            ).fetchall()[0]
            if there != distinct:
                yield Wrong(
                    "contract.unique",
                    f"the source broke its contract: {there - distinct} values of '{name}' come"
                    " twice",
                    f"a '{name}' of its own in each row",
                )
    for name, most in contract.missing.items():
        if name in have and rows:
            gaps = int(
                con.execute(
                    f"select count(*) filter (coalesce(trim({quote(name)}::varchar), '') = '') from"
                    f" {quote(table)}"
                ).fetchall()[0][0]
            )
            if gaps > most * rows:
                yield Wrong(
                    f"contract.missing.{name}",
                    f"the source broke its contract: {gaps / rows:.1%} of '{name}' are missing",
                    f"at most {most:.1%}",
                )
    if contract.fresh and contract.fresh.by in have:
        newest = con.execute(
            f"select epoch(max(try_cast({quote(contract.fresh.by)} as timestamp))) from"
            f" {quote(table)}"
        ).fetchall()[0][0]
        age = None if newest is None else now - newest
        if age is None or age > seconds(contract.fresh.within):
            said = (
                "holds no day that can be read"
                if age is None
                else f"is {age / 86400:.1f} days old at its newest"
            )
            yield Wrong(
                "contract.fresh",
                f"the source broke its contract: '{contract.fresh.by}' {said}",
                f"a row of the last {contract.fresh.within}",
            )
