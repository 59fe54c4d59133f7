"""A draft held against every row of its source, by the same SQL that a build would run: a field
that cannot read a value stays as it is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.data.cleaning.facts import FieldFacts
from mesocosm.data.dataset import Dataset
from mesocosm.data.parsing.timestamps import explain_day, explain_moment
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.expressions.source_types import IBIS
from mesocosm.data.pipeline.expressions.typed_rows import read_texts
from mesocosm.data.pipeline.internal_names import PREFIX
from mesocosm.data.profiling.columns.column import BLANK, TRIMMED, FieldSettings
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import describe_columns
from mesocosm.data.types.date import Date
from mesocosm.data.types.field import FieldKind
from mesocosm.data.types.number import Number
from mesocosm.data.types.time import Time

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SETTINGS = ("type", "formats", "zone", "dst")  # of a date or a time that say how it is read
LONGEST, MOST_UNITS = 40, 1000  # texts beside figures that are looked up as units
KEEPS = ("text", "image")  # types that refuse nothing that a look has found


def count_unread(
    con: DuckDBPyConnection, table: str, settings: Mapping[str, FieldSettings]
) -> dict[str, int]:
    """For each field, how many values of the whole table its type would not read.

    Fields of the same settings are read as one column, each different value once, so that a table
    of many columns takes no longer than its kinds of them.
    """
    checked = {name: field for name, field in settings.items() if _refuses(field)}
    if not checked:
        return {}
    found: dict[str, int] = {}
    for names in _group_alike(checked, describe_columns(con, quote(table))):
        found |= _count_unread_alike(con, table, names, checked[names[0]])
    return {name: found[name] for name in checked if found.get(name)}


def _group_alike(
    fields: Mapping[str, FieldSettings], kinds: Mapping[str, str]
) -> Iterable[list[str]]:
    """The fields in groups of one type of the source and the same settings, privacy aside."""
    alike: dict[str, list[str]] = {}
    for name, field in fields.items():
        plain = {key: value for key, value in field.items() if key != "private"}
        group = json.dumps([kinds[name], plain], sort_keys=True, default=str)
        alike.setdefault(group, []).append(name)
    return alike.values()


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
    plain = {key: value for key, value in settings.items() if key in SETTINGS}
    kind = Dataset.model_validate({"from": "it", "fields": {"it": plain}}).fields["it"]
    if isinstance(kind, Date):
        return _explain_first(values, explain_day, kind.spec)
    if isinstance(kind, Time):
        return _explain_first(values, explain_moment, kind.spec)
    return ""


def _explain_first(
    values: Iterable[str], explain: Callable[[str, str], str | None], spec: str
) -> str:
    """Why the first value that is refused is, with the value."""
    for value in values:
        if why := explain(value, spec):
            return f" ('{value[:40]}': {why})"
    return ""


def _count_unread_alike(
    con: DuckDBPyConnection, table: str, names: Sequence[str], settings: FieldSettings
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
    counts: list[tuple[int, int]] = con.execute(
        f"select which, sum(rows) from _read where {quote(had)} and value is null group by 1"
    ).fetchall()
    con.execute("drop table _read")
    con.execute("drop table _each")
    return {names[which]: int(bad) for which, bad in counts}


def read_fields(
    con: DuckDBPyConnection,
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
    kinds = describe_columns(con, quote(table))
    types = {field: _plain_type(kinds[field]) for field in settings}
    present = {f"{PREFIX}had{i}": field for i, field in enumerate(settings)}
    further = carried or {}
    columns = [*map(quote, further), *_list_held(settings, types, present)]
    con.execute(
        f"create or replace temp view _held as select {', '.join(columns)} from {quote(table)}"
    )
    sql = recipe.read_sql(
        fields,
        _learn_facts(con, fields, types),
        "_held",
        {n: IBIS[t] for n, t in types.items()},
        dict.fromkeys(present, "boolean") | dict(further),
    )
    # a table, since counted from the expressions themselves an engine would write each out once a
    # count
    con.execute(f"create or replace temp table {quote(name)} as {sql}")
    con.execute("drop view _held")
    return present


def _list_held(
    settings: Mapping[str, FieldSettings], types: Mapping[str, str], present: Mapping[str, str]
) -> list[str]:
    """SQL of the columns of fields in the types they are held in, and of whether each cell is not
    blank.
    """
    cells = [f"{quote(name)}::{kind} as {quote(name)}" for name, kind in types.items()]
    for column, name in present.items():
        cells.append(f"not ({_write_blank(name, settings[name])}) as {quote(column)}")
    return cells


def _plain_type(kind: str) -> str:
    """The type that a column is held in: its own, or text for one that Ibis has no name for."""
    if kind in IBIS:
        return kind
    return "VARCHAR"


def _drop_treatment(field: FieldSettings) -> FieldSettings:
    """The settings of a field that say how it is read."""
    return {k: v for k, v in field.items() if k not in ("private", "missing", "unreadable")}


def _learn_facts(
    con: DuckDBPyConnection, fields: Mapping[str, FieldKind], types: Mapping[str, str]
) -> recipe.Facts:
    """What a build would know of the fields of numbers with a unit."""
    facts: recipe.Facts = {}
    for name, kind in fields.items():
        if isinstance(kind, Number) and kind.unit:
            facts[name] = kind.fit_units([])
            if types[name] == "VARCHAR":
                facts[name] = kind.fit_units(_list_units(con, name, kind, facts[name]))
    return facts


def _write_blank(name: str, field: FieldSettings) -> str:
    """SQL of whether a cell is blank, or holds a word that says that there is no value."""
    cell = f"{quote(name)}::varchar"
    words = [""]
    absent = field.get("absent")
    if isinstance(absent, list | tuple):
        words += [str(word).lower() for word in absent]
    return (
        f"coalesce({BLANK.replace('x', cell)}, true) or lower({TRIMMED.replace('x', cell, 1)}) in"
        f" ({', '.join(map(_write_text, words))})"
    )


def _list_units(con: DuckDBPyConnection, name: str, kind: Number, facts: FieldFacts) -> list[str]:
    """The different texts beside the figures of a field of numbers."""
    held = ibis_sql.table("_held", {name: "string"})
    unit = kind.unit_of(ibis_sql.narrow(ibis_sql.trim(held[name])), facts)
    units = read_texts(
        con,
        f"select distinct u from ({ibis_sql.to_sql(held.select(u=unit))}) where u is not null and"
        f" u <> '' and length(u) <= {LONGEST} limit {MOST_UNITS}",
    )
    return sorted(units)


def _write_text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
