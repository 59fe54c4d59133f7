"""Governed tables as Delta: files written by the engine, published by one commit, read by version.

Knows the tables' log and Parquet. Knows nothing of cleaning. No minimum or maximum of a column ever
reaches the log, so that an erased value leaves nothing there.
"""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import MesocosmError
from mesocosm.core.hashing import digest_file
from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.data.snapshots.delta_log import (
    CommitInfo,
    TableFile,
    read_entry,
    read_state,
    write_version,
)
from mesocosm.data.sources.query_results import (
    describe_columns,
    list_columns,
    read_rows,
    read_text,
)

if TYPE_CHECKING:
    import pyarrow


def new_file(path: Path) -> Path:
    """A name for a Parquet file of a table, which no version lists yet."""
    path.mkdir(parents=True, exist_ok=True)
    return path / f"part-{uuid.uuid4().hex}.parquet"


def commit(path: Path, files: list[Path], made: str) -> int:
    """Make Parquet files the next version of a Delta table, replacing the last, and return its
    number.

    Args:
        files: files below `path`, of one schema, at least one.
        made: the fingerprint of what they were made from; kept in the commit.
    """
    import pyarrow.parquet as pq

    schema = pq.read_schema(files[0]).remove_metadata()
    added: list[TableFile] = []
    contents: dict[str, str] = {}
    for file in files:
        contents[file.name] = digest_file(file)
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
        rows = pq.read_metadata(file).num_rows
        added.append(TableFile(file.name, file.stat().st_size, rows))
    info = {"made": made, "contents": json.dumps(contents)}
    return write_version(path, schema, added, info)


def write_rows(path: Path, table: pyarrow.Table, made: str) -> int:
    """Write an Arrow table as the next version of a Delta table and return its number."""
    import pyarrow.parquet as pq

    file = new_file(path)
    pq.write_table(table, file, write_statistics=False)
    return commit(path, [file], made)


def files_of(path: Path, version: int, verify: bool = True) -> list[str]:
    """The Parquet files of one version of a Delta table.

    Args:
        verify: hold each file against its fingerprint, once a process for an unchanged file.

    Raises:
        MesocosmError: the version is not there, or a file of it was lost or changed.
    """
    files = _listed_files(path, version)
    for file in files:
        if not Path(file).exists():
            raise MesocosmError(
                Message("data.table_lost_file", table=path.name, file=Path(file).name)
            )
    if verify:
        _verify(path, files, contents_of(path, version))
    return files


def _listed_files(path: Path, version: int) -> list[str]:
    """The files that a version lists, whether they are there or not."""
    try:
        return [str(path / name) for name in read_state(path, version).files]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MesocosmError(
            Message("data.version_unreadable", version=version, table=path.name)
        ) from error


VERIFIED: dict[str, tuple[int, int, str]] = {}


def _verify(path: Path, files: list[str], contents: dict[str, str]) -> None:
    for file in files:
        known, stat = contents.get(Path(file).name), Path(file).stat()
        state = (stat.st_size, stat.st_mtime_ns, known or "")
        if known is None or VERIFIED.get(file) == state:
            continue
        if digest_file(Path(file)) != known:
            raise MesocosmError(
                Message("data.table_file_damaged", file=Path(file).name, table=path.name)
            )
        VERIFIED[file] = state


def contents_of(path: Path, version: int) -> dict[str, str]:
    """The fingerprint of each file that one version's commit wrote down, by its name; empty for a
    version of before fingerprints.

    Raises:
        MesocosmError: the commit is lost or is not JSON.
    """
    try:
        actions = read_entry(path, version)
        infos = [action["commitInfo"] for action in actions if "commitInfo" in action]
        return _read_contents(infos[0]) if infos else {}
    except (OSError, ValueError, AttributeError) as error:
        raise MesocosmError(
            Message("data.table_log_damaged", version=version, table=path.name)
        ) from error


def _read_contents(info: CommitInfo) -> dict[str, str]:
    """The fingerprints that a commit wrote down."""
    contents: dict[str, object] = json.loads(info.get("contents", "{}"))
    return {str(name): str(content) for name, content in contents.items()}


def scan(path: Path, version: int) -> str:
    """SQL that reads one version of a table."""
    from mesocosm.data.sources.path_utils import parquet_sql

    return parquet_sql(files_of(path, version))


def read_table(path: Path, version: int, columns: str = "*", where: str = "true") -> pyarrow.Table:
    """Rows of one version as an Arrow table, in the order of `_row` where it has one."""
    import duckdb

    with duckdb.connect() as con:
        table = scan(path, version)
        query = f"select {columns} from {table} where {where}"
        if "_row" in list_columns(con, table):
            query += " order by _row"
        table_read: pyarrow.Table = con.sql(query).to_arrow_table()
        return table_read


def find_oldest_day(path: Path, version: int, field: str) -> str | None:
    """The earliest day of a date field in one version, as ISO 8601."""
    import duckdb

    from mesocosm.data.sources.path_utils import quote

    with duckdb.connect() as con:
        oldest = f"min({quote(field)})::date::varchar"
        return read_text(con, f"select {oldest} from {scan(path, version)}")


def page_of(
    path: Path, version: int, fields: list[str], offset: int, limit: int
) -> list[dict[str, Json]]:
    """Some rows of one version as JSON-ready data, in the order of `_row`."""
    import duckdb

    from mesocosm.data.pipeline.internal_names import quote, working_column

    with duckdb.connect() as con:
        kinds = describe_columns(con, scan(path, version))
        shape = ["_row"]
        for field in fields:
            cell = quote(field)
            if kinds.get(field, "").startswith("DECIMAL"):
                cell = f"{cell}::varchar as {cell}"  # a number of JSON would be read as a double
            shape.append(cell)
        row = working_column("row")  # a field of the subquery's name would be taken for it
        rows = read_rows(
            con,
            f"select to_json({row})::varchar from (select {', '.join(shape)} from"
            f" {scan(path, version)} order by _row limit {limit} offset {offset}) {row}",
        )
    return [json.loads(str(found[0])) for found in rows]
