"""Which cells of the kept rows a build changed: exact counts, and a bounded sample of each step.

Knows the tables of a finished run. The sample is drawn by the hash of a row's number, so that the
same rows give the same sample. Private fields are counted and never sampled, and so is every field
of a dataset that is made anonymous.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import ChangedCells
from mesocosm.data.cleaning.facts import DetectorFacts, FieldFacts
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.column_groups import groups
from mesocosm.data.pipeline.internal_names import READ_OTHERWISE, quote, working_column
from mesocosm.data.pipeline.recipe import Facts, Fields, columns_of, without_outliers
from mesocosm.data.quality.ledger.steps import (
    MISSING,
    OUTLIERS,
    READ,
    REPAIRS,
    ChangingStep,
    list_steps,
)
from mesocosm.data.sources.path_utils import text
from mesocosm.data.sources.query_results import read_counts
from mesocosm.data.types.field import FieldKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_COMBINATIONS = 5000  # of marks of a row that are counted at once
SAMPLED = 1000  # cells of a step of a field that are kept, up to twice as many
LONGEST = 200  # characters of a value that are kept
KEPT = "_kept"
LEDGER = "_ledger"
COLUMNS = (
    "_row bigint, field varchar, step varchar, rule varchar, source varchar, old varchar,"
    " new varchar, confidence double"
)


@dataclass(frozen=True)
class _Counted:
    """A step with the number of cells that it changed, and of those that its condition names."""

    step: ChangingStep
    cells: int
    named: int


def record_changes(con: DuckDBPyConnection, dataset: Dataset, facts: Facts) -> list[ChangedCells]:
    """Create `_ledger`, the sampled changes, and return the counts of all.

    Reads `_raw`, `_stage`, `_unmended` where the dataset has repairs, `_parted`, `_set_aside` and
    `_done`.
    """
    con.execute(f"create table {LEDGER} ({COLUMNS})")
    con.execute(
        f"create view {KEPT} as select * from _parted where _why is null and _row not in (select"
        " _row from _set_aside)"
    )
    found: list[ChangedCells] = []
    for some in groups(dict(dataset.fields)):
        counted = _count_changes(con, dataset, some, facts)
        _sample_changes(con, dataset, some, facts, counted)
        found += map(_describe, counted)
    con.execute(f"drop view {KEPT}")
    return found


def _describe(counted: _Counted) -> ChangedCells:
    step = counted.step
    return {"field": step.field, "step": step.step, "rule": step.rule, "cells": counted.cells}


def _rows_of(dataset: Dataset, fields: Fields, facts: Facts, table: str) -> ibis_sql.Table:
    """The unbound table of read fields with their marks."""
    names = {name: dataset.fields[name] for name in _names_read(dataset, fields, facts)}
    columns = {name: field.ibis_type for name, field in names.items()}
    marks = {READ_OTHERWISE: "string"} | ({"_mended": "string"} if dataset.repairs else {})
    return ibis_sql.table(table, {**columns, **marks, "_row": "int64"})


def _names_read(dataset: Dataset, fields: Fields, facts: Facts) -> list[str]:
    """Some fields, and those that their steps read."""
    names = list(fields)
    for name, field in fields.items():
        fitted = facts.get(name, FieldFacts()).get("fence", DetectorFacts())
        read = [*field.other_fields, *fitted.get("fields", [])]
        names += [other for other in read if other in dataset.fields]
    return list(dict.fromkeys(names))


def _count_changes(
    con: DuckDBPyConnection, dataset: Dataset, fields: Fields, facts: Facts
) -> list[_Counted]:
    """How many cells each step changed; steps that changed none are left out."""
    rows = _rows_of(dataset, fields, facts, KEPT)
    steps = list_steps(fields, dataset.repairs, facts, rows)
    if not steps:
        return []
    marked = _count_marks(con)
    if marked is not None:
        steps = [step for step in steps if not step.mark or step.mark in marked]
    named = _count_named(con, rows, steps, marked or {})
    left = _count_missing_left(con, [s.field for s in steps if s.step == MISSING])
    counted: list[_Counted] = []
    for step, count in zip(steps, named, strict=True):
        cells = count - left[step.field] if step.step == MISSING else count
        if cells > 0:
            counted.append(_Counted(step, cells, count))
    return counted


def _count_marks(con: DuckDBPyConnection) -> Counter[str] | None:
    """How many rows have each mark of reading; None where too many combinations of them come."""
    marks = quote(READ_OTHERWISE)
    found = con.execute(
        f"select {marks}, count(*) from {KEPT} group by 1 limit {MOST_COMBINATIONS + 1}"
    ).fetchall()
    if len(found) > MOST_COMBINATIONS:
        return None
    counts: Counter[str] = Counter()
    for entries, rows in found:
        for entry in entries.strip(";").split(";"):
            counts[f";{entry};"] += rows
    return counts


def _count_named(
    con: DuckDBPyConnection,
    rows: ibis_sql.Table,
    steps: Sequence[ChangingStep],
    marked: Mapping[str, int],
) -> list[int]:
    """How many rows the condition of each step names.

    Args:
        marked: the counts that are known, by mark.
    """
    unknown = [step for step in steps if step.mark not in marked]
    counts: list[int] = []
    if unknown:
        sums = {f"c{i}": step.where.cast("int64").sum() for i, step in enumerate(unknown)}
        found = con.execute(ibis_sql.to_sql(rows.aggregate(**sums))).fetchall()[0]
        counts = [int(count or 0) for count in found]
    counted = iter(counts)
    return [marked[step.mark] if step.mark in marked else next(counted) for step in steps]


def _count_missing_left(con: DuckDBPyConnection, names: Sequence[str]) -> dict[str, int]:
    """How many values of some fields are missing once the rows are clean."""
    if not names:
        return {}
    asked = ", ".join(f"count(*) - count({quote(name)})" for name in names)
    counts = read_counts(con, f"select {asked} from _done where _why is null")
    return dict(zip(names, counts, strict=True))


def _sample_changes(
    con: DuckDBPyConnection,
    dataset: Dataset,
    fields: Fields,
    facts: Facts,
    counted: Sequence[_Counted],
) -> None:
    """Put some of the changes into `_ledger`."""
    shown = [one for one in counted if _may_show(dataset, fields[one.step.field])]
    if not shown:
        return
    _draw_rows(con, dataset, fields, facts, shown)
    _add_what_came(con, dataset, shown)
    for number, one in enumerate(shown):
        query = _cells_sql(dataset, facts, one.step)
        con.execute(
            f"insert into {LEDGER} select _row, {text(one.step.field)}, {text(one.step.step)},"
            f" {text(one.step.rule)}, {_short('source')}, {_short('old')}, {_short('new')}, null"
            f" from ({query}) where {_drawn(number)} and old is distinct from new"
        )
    for table in ("_drawn", "_came", "_cleaned"):
        con.execute(f"drop table {table}")


def _may_show(dataset: Dataset, field: FieldKind) -> bool:
    """Whether values of a field may stand in the ledger."""
    return not (field.private or dataset.anonymity or field.role == "image")


def _short(column: str) -> str:
    return f"left({column}, {LONGEST})"


def _drawn(number: int) -> str:
    """The column that says whether a row is drawn for a step."""
    return working_column(f"d{number}")


def _draw_rows(
    con: DuckDBPyConnection,
    dataset: Dataset,
    fields: Fields,
    facts: Facts,
    shown: Sequence[_Counted],
) -> None:
    """Create `_drawn`: the rows whose change by some step is kept, with the fields as they were
    read and repaired.
    """
    rows = _rows_of(dataset, fields, facts, KEPT)
    drawn_fields = {one.step.field: fields[one.step.field] for one in shown}
    columns = {name: rows[name] for name in _names_read(dataset, drawn_fields, facts)}
    columns |= {"_row": rows["_row"]}
    columns |= {f"\x1fw{i}": one.step.where for i, one in enumerate(shown)}
    every = [max(1, one.named // SAMPLED) for one in shown]
    drawn = [
        f"coalesce({working_column(f'w{i}')}, false) and hash(_row) % {n} = 0"
        for i, n in enumerate(every)
    ]
    marks = ", ".join(f"{condition} as {_drawn(i)}" for i, condition in enumerate(drawn))
    con.execute(
        f"create temp table _drawn as select *, {marks} from"
        f" ({ibis_sql.to_sql(ibis_sql.select_columns(rows, columns))}) where"
        f" {' or '.join(f'({condition})' for condition in drawn)}"
    )


def _add_what_came(con: DuckDBPyConnection, dataset: Dataset, shown: Sequence[_Counted]) -> None:
    """Create `_came`, the cells of the drawn rows as they came, with repairs also as they were
    read, and `_cleaned`, as they are kept.
    """
    names = list(dict.fromkeys(one.step.field for one in shown))
    texts = columns_of(dataset.fields)
    drawn = "join (select _row from _drawn) d using (_row)"
    came = [f"r.{quote(texts[name])}::varchar as {_cell('came', name)}" for name in names]
    tables = f"_raw r {drawn}"
    if dataset.repairs:
        came += [f"u.{quote(name)}::varchar as {_cell('read', name)}" for name in names]
        tables += " join _unmended u using (_row)"
    con.execute(f"create temp table _came as select d._row, {', '.join(came)} from {tables}")
    kept = [f"k.{quote(name)}::varchar as {_cell('kept', name)}" for name in names]
    con.execute(
        f"create temp table _cleaned as select d._row, {', '.join(kept)} from _done k {drawn}"
    )


def _cell(state: str, name: str) -> str:
    """The column of a field as it `came`, was `read` or is `kept`."""
    return working_column(f"{state} {name}")


def _cells_sql(dataset: Dataset, facts: Facts, step: ChangingStep) -> str:
    """SQL of the drawn rows with `source`, and the value `old` before and `new` after a step."""
    name = step.field
    came, value = _cell("came", name), f"{quote(name)}::varchar"
    read = _cell("read", name) if dataset.repairs else value
    cells = {
        READ: (came, read),
        REPAIRS: (read, value),
        OUTLIERS: (value, "clipped"),
        MISSING: ("null::varchar", _cell("kept", name)),
    }
    old, new = cells[step.step]
    joined = "_drawn join _came using (_row) join _cleaned using (_row)"
    if step.step == OUTLIERS:
        joined += f" join ({_clipped_sql(dataset, facts, name)}) using (_row)"
    return f"select *, {came} as source, {old} as old, {new} as new from {joined}"


def _clipped_sql(dataset: Dataset, facts: Facts, name: str) -> str:
    """SQL of a field of the drawn rows as its outlier detector leaves it."""
    some = {name: dataset.fields[name]}
    columns = {n: dataset.fields[n].ibis_type for n in _names_read(dataset, some, facts)}
    rows = ibis_sql.table("_drawn", {**columns, "_row": "int64"})
    left = without_outliers(name, dataset.fields[name], rows, facts).cast("string")
    return ibis_sql.to_sql(ibis_sql.select_columns(rows, {"_row": rows["_row"], "clipped": left}))
