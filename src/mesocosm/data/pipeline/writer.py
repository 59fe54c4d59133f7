"""Write kept rows, quarantine, dropped duplicates and sampled changes, each one Delta version.

Knows DuckDB's views of a finished run and the snapshot's files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mesocosm.core.settings import Collected
from mesocosm.data.engines.duckdb import file_options
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.column_groups import kept_query
from mesocosm.data.pipeline.ingest import RawTable
from mesocosm.data.quality.ledger.changed_cells import LEDGER
from mesocosm.data.snapshots.delta_tables import commit, new_file
from mesocosm.data.sources.path_utils import quote, text

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

WRITTEN = (  # row groups of wide or long values stay small
    "format parquet, row_group_size_bytes '32MB'"
)


def write_tables(
    con: DuckDBPyConnection,
    path: Path,
    fields: recipe.Fields,
    rows: RawTable,
    collected: Mapping[str, Collected],
    made: str,
    key: str,
) -> dict[str, int]:
    """Write kept rows, quarantine, dropped duplicates and sampled changes; each is one Delta
    version.
    """
    written = file_options(con, WRITTEN)
    lineage = {
        "_row": "_row",
        "_file": rows.file_sql(),
        "_source": rows.source_sql(),
        "_line": "_line",
    }
    if rows.joined:
        lineage |= {"_also": "_also", "_split": "_split"}
    else:
        lineage |= {"_split": "_split", "_also": "null::varchar"}
    file = new_file(path / "rows")
    con.execute(
        f"copy ({kept_query(con, fields, lineage, '_done')}) to {text(str(file))} ({written})"
    )
    private = any(f.private for f in fields.values())
    unreadable = _unreadable_table(collected, private)
    con.register("_unreadable", unreadable)
    aside = new_file(path / "quarantine")
    con.execute(
        f"copy (select * from ({_quarantine_sql(fields, rows, key)}) union all from _unreadable) to"
        f" {text(str(aside))} ({written})"
    )
    con.unregister("_unreadable")
    named = "select d._row, d.kept, r._part, r._line from _drops d join _stage r using (_row)"
    drops = new_file(path / "duplicates")
    con.execute(
        f"copy (select _row, kept, {rows.file_sql()} as _file, _line from ({named}) order by _row)"
        f" to {text(str(drops))} ({written})"
    )
    changes = new_file(path / "changes")
    con.execute(
        f"copy (from {LEDGER} order by field, step, rule, _row) to {text(str(changes))} ({written})"
    )
    return {
        "rows": commit(path / "rows", [file], made),
        "quarantine": commit(path / "quarantine", [aside], made),
        "duplicates": commit(path / "duplicates", [drops], made),
        "changes": commit(path / "changes", [changes], made),
    }


def _unreadable_table(collected: Mapping[str, Collected], private: bool) -> pa.Table:
    """The lines that are no rows, as an Arrow table in the form of the quarantine.

    Args:
        private: whether a field is private, so that the lines are not shown.
    """
    import pyarrow as pa

    lines = list(_list_unreadable(collected, private))
    numbers, texts = pa.int64(), pa.string()
    return pa.table(
        {
            "_row": pa.nulls(len(lines), numbers),
            "_file": pa.array([line.file for line in lines], texts),
            "_line": pa.array([line.number for line in lines], numbers),
            "_source": pa.array([line.source for line in lines], texts),
            "reason": pa.array([line.reason for line in lines], texts),
            "original": pa.array([line.original for line in lines], texts),
        }
    )


class _UnreadableLine(NamedTuple):
    """A line that is no row."""

    file: str
    number: int
    source: str
    reason: str
    original: str | None


def _list_unreadable(
    collected: Mapping[str, Collected], private: bool
) -> Iterator[_UnreadableLine]:
    """The lines of all sources that are no rows."""
    for source, found in collected.items():
        for file, number, line, why in found.unreadable:
            original = None if private else line
            reason = f"the line cannot be read: {why}"
            yield _UnreadableLine(file, number, source, reason, original)


def _quarantine_sql(fields: recipe.Fields, rows: RawTable, key: str) -> str:
    """SQL of the quarantined rows with their reasons and original values, private ones hidden."""
    own = recipe.columns_of(fields)
    table = ibis_sql.table("_texts", {"_row": "int64", **dict.fromkeys(own.values(), "string")})
    shown = {"_row": table["_row"]}
    for name, field in fields.items():
        column = table[own[name]]
        if field.private:
            column = field.private.value(column, key)
        shown[name] = column
    hidden = ibis_sql.to_sql(ibis_sql.select_columns(table, shown))
    strings = ", ".join(f"{quote(c)}::varchar as {quote(c)}" for c in dict.fromkeys(own.values()))
    names = ", ".join(f"{text(n)}: {quote(n)}" for n in fields)
    return (
        f"with _texts as (select _row, {strings} from _raw where _row in (select _row from"
        f" _set_aside)), _originals as (select _row, to_json({{{names}}})::varchar as original from"
        f" ({hidden})), _places as (select _row, {rows.file_sql()} as _file, _line,"
        f" {rows.source_sql()} as _source from _stage where _row in (select _row from _set_aside))"
        " select _row, _file,"
        " _line, _source, _why as reason, original from _set_aside join _originals using (_row)"
        " join _places using (_row) order by _row"
    )
