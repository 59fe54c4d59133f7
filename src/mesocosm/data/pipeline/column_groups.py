"""Tables of many columns, treated in groups of columns, so that memory and time grow with their
number and no faster.

Knows DuckDB. A table of at most `GROUP` fields is treated as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.engines.duckdb import STAGED, Duckdb, file_options
from mesocosm.data.pipeline import recipe
from mesocosm.data.pipeline.ingest import RawTable
from mesocosm.data.pipeline.internal_names import READ_OTHERWISE, quote
from mesocosm.data.sources.path_utils import disable_optimizer, parquet_sql, text
from mesocosm.data.sources.query_results import count_rows, read_counts
from mesocosm.data.sources.spool import new_path
from mesocosm.data.types.field import FieldKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GROUP = 100  # fields
COUNTED = 10  # fields whose different values are counted at once
HELD = 1000  # columns that all threads together hold a batch of


def limit_threads(con: DuckDBPyConnection, fields: recipe.Fields) -> None:
    """Bound what the engine holds of a table of many columns: each thread holds a batch of every
    column, and a join holds its right side.
    """
    if len(fields) > GROUP:
        (threads,) = read_counts(con, "select current_setting('threads')")
        con.execute(f"set variable columns={len(fields)}")
        con.execute(f"set threads={max(1, min(threads, HELD // len(fields)))}")
        # the right side is the narrow one; the engine might choose the other
        disable_optimizer(con, "build_side_probe_side")


def groups(fields: recipe.Fields) -> list[dict[str, FieldKind]]:
    """The fields in groups of at most `GROUP`, in their order."""
    entries = list(fields.items())
    return [dict(entries[i : i + GROUP]) for i in range(0, len(entries), GROUP)]


def slices(
    con: DuckDBPyConnection,
    table: str,
    fields: recipe.Fields,
    columns: Mapping[str, str] | None = None,
    more: str = "",
) -> Iterator[tuple[str, dict[str, FieldKind]]]:
    """Yield each group of fields and the table that holds its columns; a narrow table is yielded as
    it is.

    Args:
        columns: the column of each field, where it has another name.
        more: further columns that each slice holds, as `, _row`.
    """
    if len(fields) <= GROUP:
        yield table, dict(fields)
        return
    names = columns or {}
    for group in groups(fields):
        wanted = ", ".join(dict.fromkeys(quote(names.get(n, n)) for n in group))
        con.execute(f"create or replace temp table _slice as select {wanted}{more} from {table}")
        yield "_slice", group
    con.execute("drop table if exists _slice")


@dataclass(frozen=True)
class Inputs:
    """What rows are read from, and where files of them go.

    Args:
        carried: columns that pass through as they are, with their Ibis types.
    """

    fields: recipe.Fields
    facts: recipe.Facts
    rows: RawTable
    carried: Mapping[str, str]
    folder: Path
    store: Path


def read_query(con: DuckDBPyConnection, inputs: Inputs) -> str:
    """SQL of the read rows, as `recipe.read_sql` gives; the groups of a wide table are read into
    one file each and put side by side.

    Raises:
        MesocosmError: the files of the groups do not hold the same rows in the same order.
    """
    fields, rows = inputs.fields, inputs.rows
    columns = recipe.columns_of(fields)
    files: list[str] = []
    con.execute("set preserve_insertion_order=true")
    carried = inputs.carried
    for number, group in enumerate(groups(fields)):
        types = {columns[n]: rows.types[columns[n]] for n in group}
        query = recipe.read_sql(group, inputs.facts, "_raw", types, carried, columns, True)
        path = inputs.folder / f"group-{number}.parquet"
        Duckdb().rows(con, query, "_raw", f"_group{number}", path, inputs.store)
        files.append(f"{parquet_sql(path)} g{number}")
        carried = {"_row": "int64"}
    con.execute("set preserve_insertion_order=false")
    side = _side_by_side(con, files)
    lineage = [f"g0.{quote(column)}" for column in inputs.carried]
    why = ", ".join(f"g{i}._why" for i in range(len(files)))
    read = quote(READ_OTHERWISE)
    marks = ", ".join(f"g{i}.{read}" for i in range(len(files)))
    return (
        f"select {', '.join([*lineage, *_group_cells(fields)])}, concat({marks}) as {read},"
        f" coalesce({why}) as _why from {side}"
    )


def kept_query(
    con: DuckDBPyConnection, fields: recipe.Fields, lineage: Mapping[str, str], table: str
) -> str:
    """SQL of the rows of a table that have no `_why`, after `lineage` columns (name: SQL), with
    `_flags` at the end; of a wide table from one file for each group.

    Raises:
        MesocosmError: the files of the groups do not hold the same rows in the same order.
    """
    own = ", ".join(f"{sql} as {quote(n)}" for n, sql in lineage.items())
    if len(fields) <= GROUP:
        return (
            f"select {own}, {', '.join(map(quote, fields))}, _flags from {table} where _why is null"
        )
    files: list[str] = []
    for number, group in enumerate(groups(fields)):
        path = new_path(con, "parquet")
        first = f"{own}, _flags" if number == 0 else "_row"
        query = (
            f"select {first}, {', '.join(map(quote, group))} from {table} where _why is null order"
            " by _row"
        )
        con.execute(f"copy ({query}) to {text(str(path))} ({file_options(con, STAGED)})")
        files.append(f"{parquet_sql(path)} g{number}")
    columns = ", ".join([*(f"g0.{quote(n)}" for n in lineage), *_group_cells(fields)])
    return f"select {columns}, g0._flags from {_side_by_side(con, files)}"


def _group_cells(fields: recipe.Fields) -> list[str]:
    """The fields of all groups, each of its group's file."""
    cells: list[str] = []
    for number, group in enumerate(groups(fields)):
        cells += [f"g{number}.{quote(name)}" for name in group]
    return cells


def _side_by_side(con: DuckDBPyConnection, files: Sequence[str]) -> str:
    """SQL of files whose rows are the same in the same order.

    Raises:
        MesocosmError: they are not.
    """
    side = " positional join ".join(files)
    moved = " or ".join(f"g{i}._row is distinct from g0._row" for i in range(1, len(files)))
    if count_rows(con, side, moved):
        raise MesocosmError(Message("data.groups_differ"))
    return side
