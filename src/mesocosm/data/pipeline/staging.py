"""Create `_stage`: every row read by the recipe, its units and exact marks learnt, its repairs
made. Knows the recipe, and what a field's kind learns from texts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.dataset import Dataset
from mesocosm.data.engines.duckdb import Duckdb
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.column_groups import GROUP, read_query
from mesocosm.data.pipeline.ingest import Raw
from mesocosm.data.pipeline.internal_names import PLACE_COLUMNS
from mesocosm.data.profiling.proven_settings import prove_marks, prove_orders
from mesocosm.data.quality.rules.binding import name_failing_rule
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.types.number import Number, Rates


def read_stage(
    con: Any,
    dataset: Dataset,
    fields: recipe.Fields,
    rows: Raw,
    facts: recipe.Facts,
    folder: Path,
    store: Path,
) -> None:
    """Create `_stage`: every row read, `_why` the first reason, `_broken` the first rule broken,
    `_h` the hash of duplicates.
    """
    carried = {
        **recipe.LINEAGE,
        **({"_also": "string", "_unmatched": "string"} if rows.joined else {}),
    }
    for name, kind in fields.items():
        if isinstance(kind, Number) and kind.unit:
            facts[name] = kind.learn([], _rates(con, name, kind))
    for name, mark in prove_marks(con, fields, rows).items():
        facts.setdefault(name, {})["decimal"] = mark
    for name, order in prove_orders(con, fields, rows).items():
        facts.setdefault(name, {})["order"] = order
    why = "coalesce(_why, _unmatched)" if rows.joined else "_why"
    if dataset.key:
        why = (
            f"coalesce({why}, case when {quote(dataset.key)} is null then"
            f" {text(f'{dataset.key} is missing, and it is the key')} end)"
        )
    less = "(_why, _unmatched)" if rows.joined else "(_why)"
    for attempt in (1, 2):
        wide = len(fields) > GROUP and isinstance(dataset.engine, Duckdb)
        read = (
            read_query(con, fields, facts, rows, carried, folder, store)
            if wide
            else recipe.read_sql(fields, facts, "_raw", rows.types, carried)
        )
        last = _last_of_read(dataset, fields, facts) if not dataset.repairs else ""
        rules = recipe.rules_of(fields, dataset.rules) if last else []
        with name_failing_rule(con, rules, read):
            dataset.engine.rows(
                con,
                f"select * exclude {less}, {why} as _why{last} from ({read})",
                "_raw",
                "_stage",
                folder / f"stage-{attempt}.parquet",
                store,
            )
        if attempt == 1 and not _new_units(con, fields, rows, facts):
            break
    if dataset.repairs:
        con.execute("alter view _stage rename to _unmended")
        for number, repair in enumerate(dataset.repairs):
            mended = recipe.repair_sql(fields, dataset.repairs[:number], facts, "_unmended")
            facts.setdefault("_repairs", {})[str(number)] = repair.learn(
                con, f"(select * from ({mended}) where _why is null)"
            )
        mended = recipe.repair_sql(fields, dataset.repairs, facts, "_unmended")
        query = f"select *{_last_of_read(dataset, fields, facts)} from ({mended})"
        with name_failing_rule(con, recipe.rules_of(fields, dataset.rules), mended):
            dataset.engine.rows(
                con, query, "_unmended", "_stage", folder / "stage-mended.parquet", store
            )


def _last_of_read(dataset: Dataset, fields: recipe.Fields, facts: recipe.Facts) -> str:
    """Columns beside the read ones: the first rule broken, and the hash of duplicates."""
    mark = f", {dataset.duplicates.mark(list(fields))} as _h" if dataset.duplicates else ""
    return f", {recipe.broken_sql(fields, dataset.rules)} as _broken{mark}"


def _new_units(con: Any, fields: recipe.Fields, rows: Raw, facts: recipe.Facts) -> bool:
    """Look among the texts that could not be read for units that convert; true where one was
    learnt.
    """
    found = False
    for name, column in recipe.columns_of(fields).items():
        kind = fields[name]
        if not isinstance(kind, Number) or not kind.unit or rows.types[column] != "string":
            continue
        table = ibis_sql.table("_unread", {column: "string"})
        unit = kind.unit_of(ibis_sql.narrow(ibis_sql.trimmed(table[column])), facts[name])
        unread = (
            f"select {quote(column)} from _raw where _row in (select _row from _stage where"
            f" {quote(name)} is null) and {quote(column)} is not null"
        )
        query = f"with _unread as ({unread}) {ibis_sql.to_sql(table.select(u=unit).distinct())}"
        seen = sorted(
            row[0] for row in con.execute(query).fetchall() if row[0] and len(row[0]) <= 40
        )[:1000]
        learnt = kind.learn(seen, _rates(con, name, kind))
        if learnt != {k: v for k, v in facts[name].items() if k in learnt}:
            facts[name], found = facts[name] | learnt, True
    return found


def _rates(con: Any, name: str, kind: Number) -> dict[str, float]:
    """The newest rate of each currency in the source that a field names."""
    if not isinstance(kind.rates, Rates):
        return {}
    rates, table = kind.rates, quote("src_" + kind.rates.source)
    have = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    for column in (rates.currency, rates.rate, *([rates.day] if rates.day else [])):
        if column not in have:
            raise Wrong(
                f"fields.{name}.rates",
                f"'{rates.source}' has no column '{column}'",
                "a column of it",
                [h for h in have if h not in PLACE_COLUMNS],
                column,
            )
    day = f"try_cast({quote(rates.day)} as timestamp)" if rates.day else "_line"
    query = (
        f"select upper(trim({quote(rates.currency)}::varchar)),"
        f" arg_max(try_cast({quote(rates.rate)} as double), {day}) from {table} group by 1 order"
        " by 1"
    )
    return {
        c: float(r)
        for c, r in con.execute(query).fetchall()
        if c and r and r > 0 and c != kind.unit
    }
