"""Create `_stage`: every row read by the recipe, its units and decimal marks inferred, its repairs
done. Knows the recipe, and what a field's kind learns from texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.data.engines.duckdb import Duckdb
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.column_groups import GROUP, Inputs, read_query
from mesocosm.data.pipeline.ingest import RawTable
from mesocosm.data.pipeline.internal_names import PLACE_COLUMNS
from mesocosm.data.profiling.proven_settings import prove_marks, prove_orders
from mesocosm.data.quality.rules.binding import name_failing_rule
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.query_results import list_columns
from mesocosm.data.types.number import Number, Rates

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LONGEST_UNIT = 40  # characters
MOST_UNITS = 1000  # of a field that are tried


@dataclass(frozen=True)
class Stage:
    """A build that is about to read its rows.

    Args:
        rows: the table of raw rows.
        facts: what is fitted on the way; read and added to.
        folder: where files of rows go.
        store: the project's store.
    """

    con: DuckDBPyConnection
    dataset: Dataset
    fields: recipe.Fields
    rows: RawTable
    facts: recipe.Facts
    folder: Path
    store: Path


def read_stage(stage: Stage) -> None:
    """Create `_stage`: every row read, `_why` the first reason, `_broken` the first rule broken,
    `_h` the hash of duplicates.
    """
    _fit_readings(stage)
    _read_rows(stage, "stage-1")
    if _find_new_units(stage):
        _read_rows(stage, "stage-2")
    if stage.dataset.repairs:
        _repair_rows(stage)


def _fit_readings(stage: Stage) -> None:
    """Infer from all rows how values are written: units, decimal marks, orders of day and month."""
    con, fields, facts = stage.con, stage.fields, stage.facts
    for name, kind in fields.items():
        if isinstance(kind, Number) and kind.unit:
            facts[name] = kind.fit_units([], _rates(con, name, kind))
    for name, mark in prove_marks(con, fields, stage.rows).items():
        facts.setdefault(name, {})["decimal"] = mark
    for name, order in prove_orders(con, fields, stage.rows).items():
        facts.setdefault(name, {})["order"] = order


def _read_rows(stage: Stage, file: str) -> None:
    """Create `_stage` from the raw rows."""
    dataset, fields, facts, rows = stage.dataset, stage.fields, stage.facts, stage.rows
    carried, excluded = {**recipe.LINEAGE}, "(_why)"
    if rows.joined:
        carried |= {"_also": "string", "_unmatched": "string"}
        excluded = "(_why, _unmatched)"
    if len(fields) > GROUP and isinstance(dataset.engine, Duckdb):
        inputs = Inputs(fields, facts, rows, carried, stage.folder, stage.store)
        query = read_query(stage.con, inputs)
    else:
        query = recipe.read_sql(fields, facts, "_raw", rows.types, carried, marked=True)
    # repairs change values, so that rules and duplicates look at the rows after them
    last, rules = "", []
    if not dataset.repairs:
        last, rules = _last_columns(dataset, fields), recipe.rules_of(fields, dataset.rules)
    with name_failing_rule(stage.con, rules, query):
        dataset.engine.rows(
            stage.con,
            f"select * exclude {excluded}, {_why_sql(dataset, rows)} as _why{last} from ({query})",
            "_raw",
            "_stage",
            stage.folder / f"{file}.parquet",
            stage.store,
        )


def _why_sql(dataset: Dataset, rows: RawTable) -> str:
    """SQL of the first reason of a row: unreadable, without a partner, or without a key."""
    why = "coalesce(_why, _unmatched)" if rows.joined else "_why"
    if not dataset.key:
        return why
    missing = text(f"{dataset.key} is missing, and it is the key")
    return f"coalesce({why}, case when {quote(dataset.key)} is null then {missing} end)"


def _repair_rows(stage: Stage) -> None:
    """Fit each repair on the rows that the ones before it left, then create `_stage` again."""
    con, dataset, fields, facts = stage.con, stage.dataset, stage.fields, stage.facts
    con.execute("alter view _stage rename to _unmended")
    fitted = recipe.start_repair_facts(facts)
    for number, repair in enumerate(dataset.repairs):
        repaired = recipe.repair_sql(fields, dataset.repairs[:number], facts, "_unmended")
        readable = f"(select * from ({repaired}) where _why is null)"
        fitted[str(number)] = repair.fit(con, readable)
    repaired = recipe.repair_sql(fields, dataset.repairs, facts, "_unmended")
    query = f"select *{_last_columns(dataset, fields)} from ({repaired})"
    with name_failing_rule(con, recipe.rules_of(fields, dataset.rules), repaired):
        dataset.engine.rows(
            con, query, "_unmended", "_stage", stage.folder / "stage-mended.parquet", stage.store
        )


def _last_columns(dataset: Dataset, fields: recipe.Fields) -> str:
    """Columns beside the read ones: the first rule broken, and the hash of duplicates."""
    mark = f", {dataset.duplicates.mark(list(fields))} as _h" if dataset.duplicates else ""
    return f", {recipe.broken_sql(fields, dataset.rules)} as _broken{mark}"


def _find_new_units(stage: Stage) -> bool:
    """Look among the texts that could not be read for units that convert; true where one was
    found.
    """
    facts = stage.facts
    found = False
    for name, kind in _list_measured(stage).items():
        units = _list_unread_units(stage, name, kind)
        fitted = kind.fit_units(units, _rates(stage.con, name, kind))
        if any(facts[name].get(key) != value for key, value in fitted.items()):
            facts[name], found = {**facts[name], **fitted}, True
    return found


def _list_measured(stage: Stage) -> dict[str, Number]:
    """The fields of numbers with a unit that are read from texts."""
    columns = recipe.columns_of(stage.fields)
    found: dict[str, Number] = {}
    for name, kind in stage.fields.items():
        is_text = stage.rows.types[columns[name]] == "string"
        if isinstance(kind, Number) and kind.unit and is_text:
            found[name] = kind
    return found


def _list_unread_units(stage: Stage, name: str, kind: Number) -> list[str]:
    """The texts beside the figures of a field in the values that could not be read."""
    column = recipe.columns_of(stage.fields)[name]
    table = ibis_sql.table("_unread", {column: "string"})
    unit = kind.unit_of(ibis_sql.narrow(ibis_sql.trim(table[column])), stage.facts[name])
    unread = (
        f"select {quote(column)} from _raw where _row in (select _row from _stage where"
        f" {quote(name)} is null) and {quote(column)} is not null"
    )
    query = f"with _unread as ({unread}) {ibis_sql.to_sql(table.select(u=unit).distinct())}"
    units: list[str | None] = [row[0] for row in stage.con.execute(query).fetchall()]
    return sorted(unit for unit in units if unit and len(unit) <= LONGEST_UNIT)[:MOST_UNITS]


def _rates(con: DuckDBPyConnection, name: str, kind: Number) -> dict[str, float]:
    """The newest rate of each currency in the source that a field names.

    Raises:
        ConfigValueError: the source lacks a column.
    """
    if not isinstance(kind.rates, Rates):
        return {}
    newest: list[tuple[str | None, float | None]] = con.execute(
        _rates_sql(name, kind.rates, list_columns(con, quote("src_" + kind.rates.source)))
    ).fetchall()
    found: dict[str, float] = {}
    for currency, rate in newest:
        if currency and rate and rate > 0 and currency != kind.unit:
            found[currency] = float(rate)
    return found


def _rates_sql(name: str, rates: Rates, columns: list[str]) -> str:
    """SQL of the newest rate of each currency in a source.

    Raises:
        ConfigValueError: the source lacks a column.
    """
    for column in filter(None, (rates.currency, rates.rate, rates.day)):
        if column not in columns:
            raise _no_column(name, rates, column, columns)
    day = f"try_cast({quote(rates.day)} as timestamp)" if rates.day else "_line"
    return (
        f"select upper(trim({quote(rates.currency)}::varchar)),"
        f" arg_max(try_cast({quote(rates.rate)} as double), {day}) from"
        f" {quote('src_' + rates.source)} group by 1 order by 1"
    )


def _no_column(name: str, rates: Rates, column: str, columns: list[str]) -> ConfigValueError:
    return ConfigValueError(
        f"fields.{name}.rates",
        Message("data.source_without_column", source=rates.source, column=column),
        Message("data.a_column"),
        [other for other in columns if other not in PLACE_COLUMNS],
        column,
    )
