"""A draft held against every row of its source, by the same SQL that a build would run: a field
that cannot read a value stays as it is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from mesocosm.data.dataset import Dataset
from mesocosm.data.parsing.timestamps import explain_day, explain_moment
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.ingest import IBIS
from mesocosm.data.pipeline.internal_names import PREFIX
from mesocosm.data.profiling.columns.column import BLANK, TRIMMED
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.types.date import Date
from mesocosm.data.types.field import FieldKind
from mesocosm.data.types.number import Number
from mesocosm.data.types.time import Time

SETTINGS = ("type", "formats", "zone", "dst")  # of a date or a time that say how it is read
LONGEST, MOST_UNITS = 40, 1000  # texts beside figures that are looked up as units
KEEPS = ("text", "image")  # types that refuse nothing that a look has found


FieldSettings: TypeAlias = Mapping[str, Any]


def count_unread(con: Any, table: str, settings: Mapping[str, FieldSettings]) -> dict[str, int]:
    """For each field, how many values of the whole table its type would not read.

    Fields of the same settings are read as one column, each different value once, so that a table
    of many columns takes no longer than its kinds of them.
    """
    checked = {n: s for n, s in settings.items() if _refuses(s)}
    if not checked:
        return {}
    kinds = _describe(con, table)
    alike: dict[str, list[str]] = {}
    for name, field in checked.items():
        plain = {k: v for k, v in field.items() if k != "private"}
        group = json.dumps([kinds[name], plain], sort_keys=True, default=str)
        alike.setdefault(group, []).append(name)
    found: dict[str, int] = {}
    for names in alike.values():
        found |= _count_unread_alike(con, table, names, checked[names[0]])
    return {n: found[n] for n in checked if found.get(n)}


def _refuses(field: FieldSettings) -> bool:
    """Whether a type may refuse a value that a look has found."""
    if field["type"] == "category":
        return "values" in field
    return field["type"] not in KEEPS


def explain_unread(settings: FieldSettings, values: Iterable[str]) -> str:
    """Why the first of some values that a date or time does not read is none, with the value, in
    brackets after a space; empty where that is not known.
    """
    if settings["type"] not in ("date", "time"):
        return ""
    plain = {k: v for k, v in settings.items() if k in SETTINGS}
    kind = Dataset.model_validate({"from": "it", "fields": {"it": plain}}).fields["it"]
    explain: Callable[[str, str], str | None]
    if isinstance(kind, Date):
        explain = explain_day
    elif isinstance(kind, Time):
        explain = explain_moment
    else:
        return ""
    for value in values:
        if why := explain(value, kind.spec):
            return f" ('{value[:40]}': {why})"
    return ""


def _count_unread_alike(
    con: Any, table: str, names: Sequence[str], settings: FieldSettings
) -> dict[str, int]:
    """How many values of each of some fields, which have one kind and one setting, are not read."""
    start = "create or replace temp table _each as"
    for i, name in enumerate(names):
        con.execute(
            f"{start} select {i} as which, {quote(name)} as value, count(*) as rows from"
            f" {quote(table)} group by 2"
        )
        start = "insert into _each"
    present = read_fields(
        con, "_each", {"value": settings}, "_read", {"which": "int64", "rows": "int64"}
    )
    (had,) = present
    counts = con.execute(
        f"select which, sum(rows) from _read where {quote(had)} and value is null group by 1"
    ).fetchall()
    con.execute("drop table _read")
    con.execute("drop table _each")
    return {names[which]: int(bad) for which, bad in counts}


def read_fields(
    con: Any,
    table: str,
    settings: Mapping[str, FieldSettings],
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
    plain = {name: _drop_treatment(field) for name, field in settings.items()}
    fields = Dataset.model_validate({"from": "it", "fields": plain}).fields
    kinds = _describe(con, table)
    types = {n: kinds[n] if kinds[n] in IBIS else "VARCHAR" for n in settings}
    present = {f"{PREFIX}had{i}": n for i, n in enumerate(settings)}
    columns = [*map(quote, carried or {})]
    columns += [f"{quote(n)}::{types[n]} as {quote(n)}" for n in settings]
    columns += [f"not ({_write_blank(n, settings[n])}) as {quote(c)}" for c, n in present.items()]
    con.execute(
        f"create or replace temp view _held as select {', '.join(columns)} from {quote(table)}"
    )
    facts = _learn_facts(con, fields, types)
    sql = recipe.read_sql(
        fields,
        facts,
        "_held",
        {n: IBIS[t] for n, t in types.items()},
        dict.fromkeys(present, "boolean") | dict(carried or {}),
    )
    # a table, since counted from the expressions themselves an engine would write each out once a
    # count
    con.execute(f"create or replace temp table {quote(name)} as {sql}")
    con.execute("drop view _held")
    return present


def _drop_treatment(field: FieldSettings) -> dict[str, Any]:
    """The settings of a field that say how it is read."""
    return {k: v for k, v in field.items() if k not in ("private", "missing", "unreadable")}


def _learn_facts(
    con: Any, fields: Mapping[str, FieldKind], types: Mapping[str, str]
) -> recipe.Facts:
    """What a build would know of the fields of numbers with a unit."""
    facts: recipe.Facts = {}
    for name, kind in fields.items():
        if isinstance(kind, Number) and kind.unit:
            facts[name] = kind.fit_units([])
            if types[name] == "VARCHAR":
                facts[name] = kind.fit_units(_list_units(con, name, kind, facts[name]))
    return facts


def _describe(con: Any, table: str) -> dict[str, str]:
    """The type of each column of a table, as DuckDB names it."""
    return {str(row[0]): str(row[1]) for row in con.execute(f"describe {quote(table)}").fetchall()}


def _write_blank(name: str, field: FieldSettings) -> str:
    """SQL of whether a cell is blank, or holds a word that says that there is no value."""
    cell = f"{quote(name)}::varchar"
    words = ["", *map(str.lower, field.get("absent", ()))]
    return (
        f"coalesce({BLANK.replace('x', cell)}, true) or lower({TRIMMED.replace('x', cell, 1)}) in"
        f" ({', '.join(map(_write_text, words))})"
    )


def _list_units(con: Any, name: str, kind: Number, facts: Any) -> list[str]:
    """The different texts beside the figures of a field of numbers."""
    held = ibis_sql.table("_held", {name: "string"})
    unit = kind.unit_of(ibis_sql.narrow(ibis_sql.trim(held[name])), facts)
    rows = con.execute(
        f"select distinct u from ({ibis_sql.to_sql(held.select(u=unit))}) where u is not null and"
        f" u <> '' and length(u) <= {LONGEST} limit {MOST_UNITS}"
    ).fetchall()
    return sorted(row[0] for row in rows)


def _write_text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
