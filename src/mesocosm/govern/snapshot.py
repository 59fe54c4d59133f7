"""Governed tables as Delta: files written by the engine, made a version by one commit, read by version.

Knows deltalake and Parquet. Knows nothing of cleaning. No minimum or maximum of a column ever
reaches the log, so that an erased value leaves nothing there.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

from mesocosm.base.errors import Failure

SETTINGS = {"delta.dataSkippingNumIndexedCols": "0", "delta.checkpointInterval": "1000000"}


def new_file(path: Path) -> Path:
    """A name for a Parquet file of a table, which no version lists yet."""
    path.mkdir(parents=True, exist_ok=True)
    return path / f"part-{uuid.uuid4().hex}.parquet"


def commit(path: Path, files: list[Path], made: str) -> int:
    """Make Parquet files the next version of a Delta table, replacing the last, and return its number.

    Args:
        files: files below `path`, of one schema, at least one.
        made: the print of what they were made from; kept in the commit.
    """
    import pyarrow.parquet as pq
    from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
    from deltalake.transaction import AddAction, create_table_with_add_actions

    schema = Schema.from_arrow(pq.read_schema(files[0]).remove_metadata())
    adds = []
    for file in files:
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
        rows = pq.read_metadata(file).num_rows
        adds.append(AddAction(file.name, file.stat().st_size, {}, int(time.time() * 1000), True, json.dumps({"numRecords": rows})))
    told = CommitProperties(custom_metadata={"made": made})
    quiet = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
    if not DeltaTable.is_deltatable(str(path)):
        create_table_with_add_actions(str(path), schema, adds, mode="overwrite", configuration=SETTINGS, commit_properties=told, post_commithook_properties=quiet)
    else:
        DeltaTable(path).create_write_transaction(adds, "overwrite", schema, commit_properties=told, post_commithook_properties=quiet)
    return int(DeltaTable(path).version())


def write_rows(path: Path, table: Any, made: str) -> int:
    """Write an Arrow table as the next version of a Delta table and return its number."""
    import pyarrow.parquet as pq

    file = new_file(path)
    pq.write_table(table, file, write_statistics=False)
    return commit(path, [file], made)


def files_of(path: Path, version: int) -> list[str]:
    """The Parquet files of one version of a Delta table.

    Raises:
        Failure: the version is not there.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    try:
        table = DeltaTable(path, version=version)
        files = [str(uri).removeprefix("file://") for uri in table.file_uris()]
    except (DeltaError, TableNotFoundError) as error:
        raise Failure(f"version {version} of the table '{path.name}' cannot be read; run 'mesocosm build'") from error
    gone = [f for f in files if not Path(f).exists()]
    if gone:
        raise Failure(f"the table '{path.name}' has lost the file '{Path(gone[0]).name}'; run 'mesocosm doctor'")
    return files


def scan(path: Path, version: int) -> str:
    """SQL that reads one version of a table."""
    from mesocosm.govern.sources.paths import text

    return f"read_parquet([{', '.join(text(f) for f in files_of(path, version))}])"


def read_table(path: Path, version: int, columns: str = "*", where: str = "true") -> Any:
    """Rows of one version as an Arrow table, in the order of `_row` where it has one."""
    import duckdb

    with duckdb.connect() as con:
        table = scan(path, version)
        names = {row[0] for row in con.execute(f"describe select * from {table}").fetchall()}
        query = f"select {columns} from {table} where {where}"
        return con.sql(query + (" order by _row" if "_row" in names else "")).to_arrow_table()


def oldest(path: Path, version: int, field: str) -> str | None:
    """The earliest day of a date field in one version, as ISO 8601."""
    import duckdb

    from mesocosm.govern.sources.paths import quote

    with duckdb.connect() as con:
        day = con.execute(f"select min({quote(field)})::date::varchar from {scan(path, version)}").fetchall()[0][0]
    return None if day is None else str(day)


def page_of(path: Path, version: int, fields: list[str], offset: int, limit: int) -> list[dict[str, Any]]:
    """Some rows of one version as JSON-ready data, in the order of `_row`."""
    import duckdb

    from mesocosm.govern.sources.paths import quote

    with duckdb.connect() as con:
        shape = ", ".join(["_row", *map(quote, fields)])
        rows = con.execute(f"select to_json(r)::varchar from (select {shape} from {scan(path, version)} order by _row limit {limit} offset {offset}) r").fetchall()
    return [json.loads(row[0]) for row in rows]
