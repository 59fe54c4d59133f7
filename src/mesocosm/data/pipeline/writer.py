"""What was made of the rows, written: kept rows, quarantine and dropped duplicates, each one Delta
version.

Knows DuckDB's views of a finished run and the snapshot's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesocosm.core.settings import Collected
from mesocosm.data.engines.duckdb import file_options
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.column_groups import kept_query
from mesocosm.data.pipeline.ingest import Raw
from mesocosm.data.snapshots.delta_tables import commit, new_file
from mesocosm.data.sources.path_utils import quote, text

WRITTEN = (  # row groups of wide or long values stay small
    "format parquet, row_group_size_bytes '32MB'"
)


def write_tables(
    con: Any,
    path: Path,
    fields: recipe.Fields,
    rows: Raw,
    collected: Mapping[str, Collected],
    made: str,
    key: str,
) -> dict[str, int]:
    """Write kept rows, quarantine and dropped duplicates; each is one Delta version."""
    import pyarrow as pa

    written = file_options(con, WRITTEN)
    also = {"_also": "_also"} if rows.joined else {}
    lineage = (
        {"_row": "_row", "_file": rows.told(1), "_source": rows.told(0), "_line": "_line"}
        | also
        | {"_split": "_split"}
        | ({} if rows.joined else {"_also": "null::varchar"})
    )
    file = new_file(path / "rows")
    con.execute(
        f"copy ({kept_query(con, fields, lineage, '_done')}) to {text(str(file))} ({written})"
    )
    private = any(f.private for f in fields.values())
    lines = [
        (f, n, s, f"the line cannot be read: {why}", t)
        for s, c in collected.items()
        for f, n, t, why in c.unreadable
    ]
    unreadable = pa.table(
        {
            "_row": pa.array([None] * len(lines), pa.int64()),
            "_file": pa.array([x[0] for x in lines], pa.string()),
            "_line": pa.array([x[1] for x in lines], pa.int64()),
            "_source": pa.array([x[2] for x in lines], pa.string()),
            "reason": pa.array([x[3] for x in lines], pa.string()),
            "original": pa.array([None if private else x[4] for x in lines], pa.string()),
        }
    )
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
        f"copy (select _row, kept, {rows.told(1)} as _file, _line from ({named}) order by _row) to"
        f" {text(str(drops))} ({written})"
    )
    return {
        "rows": commit(path / "rows", [file], made),
        "quarantine": commit(path / "quarantine", [aside], made),
        "duplicates": commit(path / "duplicates", [drops], made),
    }


def _quarantine_sql(fields: recipe.Fields, rows: Raw, key: str) -> str:
    """SQL of the rows set aside with their reasons and original values, private ones hidden."""
    own = recipe.columns_of(fields)
    table = ibis_sql.table("_texts", {"_row": "int64", **dict.fromkeys(own.values(), "string")})
    shown = {
        n: f.private.value(table[own[n]], key) if f.private else table[own[n]]
        for n, f in fields.items()
    }
    hidden = ibis_sql.to_sql(ibis_sql.picked(table, {"_row": table._row} | shown))
    strings = ", ".join(f"{quote(c)}::varchar as {quote(c)}" for c in dict.fromkeys(own.values()))
    names = ", ".join(f"{text(n)}: {quote(n)}" for n in fields)
    return (
        f"with _texts as (select _row, {strings} from _raw where _row in (select _row from"
        f" _set_aside)), _originals as (select _row, to_json({{{names}}})::varchar as original from"
        f" ({hidden})), _places as (select _row, {rows.told(1)} as _file, _line, {rows.told(0)} as"
        " _source from _stage where _row in (select _row from _set_aside)) select _row, _file,"
        " _line, _source, _why as reason, original from _set_aside join _originals using (_row)"
        " join _places using (_row) order by _row"
    )
