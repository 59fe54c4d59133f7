"""A draft held against every row of its source, by the same SQL that a build would run: a field
that cannot read a value stays as it is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mesocosm.data.dataset import Dataset
from mesocosm.data.parsing.timestamps import explain_day, explain_moment
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.ingest import IBIS
from mesocosm.data.pipeline.internal_names import PREFIX
from mesocosm.data.profiling.columns.column import BLANK, TRIMMED
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.types.date import Date
from mesocosm.data.types.number import Number
from mesocosm.data.types.time import Time

KEEPS = ("text", "image")  # types that refuse nothing that a look has found


def unread(con: Any, table: str, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """For each field, how many values of the whole table its type would not read.

    Fields of the same settings are read as one column, each different value once, so that a table
    of many columns takes no longer than its kinds of them.
    """
    asked = {
        n: s
        for n, s in settings.items()
        if s["type"] not in KEEPS and (s["type"] != "category" or "values" in s)
    }
    if not asked:
        return {}
    kinds = {str(row[0]): str(row[1]) for row in con.execute(f"describe {quote(table)}").fetchall()}
    alike: dict[str, list[str]] = {}
    for name, settings in asked.items():
        plain = {k: v for k, v in settings.items() if k != "private"}
        alike.setdefault(json.dumps([kinds[name], plain], sort_keys=True, default=str), []).append(
            name
        )
    found: dict[str, int] = {}
    for names in alike.values():
        found |= _unread_alike(con, table, names, asked[names[0]])
    return {n: found[n] for n in asked if found.get(n)}


def why_unread(settings: Mapping[str, Any], values: Iterable[str]) -> str:
    """Why the first of some values that a date or time does not read is none, with the value; empty
    where that is not known.
    """
    (kind,) = (
        Dataset.model_validate(
            {
                "from": "it",
                "fields": {
                    "it": {
                        k: v for k, v in settings.items() if k in ("type", "formats", "zone", "dst")
                    }
                },
            }
        ).fields.values()
        if settings["type"] in ("date", "time")
        else (None,)
    )
    if not isinstance(kind, Date | Time):
        return ""
    why = explain_day if isinstance(kind, Date) else explain_moment
    return next((f"'{v[:40]}': {said}" for v in values if (said := why(v, kind.spec))), "")


def _unread_alike(
    con: Any, table: str, names: Sequence[str], settings: Mapping[str, Any]
) -> dict[str, int]:
    """How many values of each of some fields, which have one kind and one setting, are not read."""
    for i, name in enumerate(names):
        each = (
            f"select {i} as which, {quote(name)} as value, count(*) as rows from {quote(table)}"
            " group by 2"
        )
        con.execute(
            f"create or replace temp table _each as {each}"
            if i == 0
            else f"insert into _each {each}"
        )
    had = read(con, "_each", {"value": settings}, "_read", {"which": "int64", "rows": "int64"})
    told = con.execute(
        f"select which, sum(rows) from _read where {quote(next(iter(had)))} and value is null group"
        " by 1"
    ).fetchall()
    con.execute("drop table _read")
    con.execute("drop table _each")
    return {names[which]: int(bad) for which, bad in told}


def read(
    con: Any,
    table: str,
    settings: Mapping[str, Mapping[str, Any]],
    name: str,
    carried: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Read a table's fields into the temporary table `name`, by the SQL of a build, privacy and
    missing values aside.

    Args:
        carried: further columns that stay as they are, each with its Ibis type.

    Returns:
        the field of each added column that says whether its cell was not blank.
    """
    plain = {
        n: {k: v for k, v in s.items() if k not in ("private", "missing", "unreadable")}
        for n, s in settings.items()
    }
    fields = Dataset.model_validate({"from": "it", "fields": plain}).fields
    kinds = {str(row[0]): str(row[1]) for row in con.execute(f"describe {quote(table)}").fetchall()}
    types = {n: kinds[n] if kinds[n] in IBIS else "VARCHAR" for n in settings}
    had = {f"{PREFIX}had{i}": n for i, n in enumerate(settings)}
    blank = {
        n: (
            f"coalesce({BLANK.replace('x', quote(n) + '::varchar')}, true) or"
            f" lower({TRIMMED.replace('x', quote(n) + '::varchar', 1)}) in"
            f" ({', '.join(map(_text, ['', *map(str.lower, settings[n].get('absent', ()))]))})"
        )
        for n in settings
    }
    columns = ", ".join(
        [*map(quote, carried or {}), *(f"{quote(n)}::{types[n]} as {quote(n)}" for n in settings)]
    )
    con.execute(
        f"create or replace temp view _held as select {columns}, "
        + ", ".join(f"not ({blank[n]}) as {quote(c)}" for c, n in had.items())
        + f" from {quote(table)}"
    )
    facts: recipe.Facts = {
        n: kind.learn([]) for n, kind in fields.items() if isinstance(kind, Number) and kind.unit
    }
    for field, kind in fields.items():
        if isinstance(kind, Number) and kind.unit and types[field] == "VARCHAR":
            told = ibis_sql.table("_held", {field: "string"})
            unit = kind.unit_of(ibis_sql.narrow(ibis_sql.trimmed(told[field])), facts[field])
            seen = [
                row[0]
                for row in con.execute(
                    f"select distinct u from ({ibis_sql.to_sql(told.select(u=unit))}) where u is not"
                    " null and u <> '' and length(u) <= 40 limit 1000"
                ).fetchall()
            ]
            facts[field] = kind.learn(sorted(seen))
    sql = recipe.read_sql(
        fields,
        facts,
        "_held",
        {n: IBIS[t] for n, t in types.items()},
        dict.fromkeys(had, "boolean") | dict(carried or {}),
    )
    con.execute(
        f"create or replace temp table {quote(name)} as {sql}"
    )  # counted from the expressions themselves, an engine would write each out once a count
    con.execute("drop view _held")
    return had


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
