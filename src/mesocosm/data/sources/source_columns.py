"""The columns of sources, read from the first records of their files, so that a plan can hold a
join against them. Reads no rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.core.settings import ProjectPaths, Source
from mesocosm.data.sources.delimited.csv import Csv
from mesocosm.data.sources.delimited.header import read_header
from mesocosm.data.sources.delimited.plain_text import open_plain
from mesocosm.data.sources.files.parquet import Parquet
from mesocosm.data.sources.path_utils import files_of, name_and_fingerprint
from mesocosm.data.sources.spool import unique_names

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def columns_of_sources(
    con: DuckDBPyConnection,
    sources: Mapping[str, Source],
    names: Sequence[str],
    where: ProjectPaths,
) -> dict[str, list[str]]:
    """The columns of those of the sources whose files tell them without a pass over the rows:
    delimited files and Parquet.

    Raises:
        ConfigValueError: a file cannot be read.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        source = sources[name]
        if isinstance(source, Csv):
            found[name] = _csv_columns(con, source, where)
        elif isinstance(source, Parquet):
            columns = _parquet_columns(source, where)
            if columns is not None:
                found[name] = columns
    return found


def _csv_columns(con: DuckDBPyConnection, source: Csv, where: ProjectPaths) -> list[str]:
    columns: dict[str, None] = {}
    for path in files_of(where, source.path):
        label, _ = name_and_fingerprint(where, path)
        file = open_plain(con, path, label, source.encoding)
        columns |= dict.fromkeys(read_header(file.path, label, source).names)
    return list(columns)


def _parquet_columns(source: Parquet, where: ProjectPaths) -> list[str] | None:
    """The columns of Parquet files; None where one cannot be read, which the build reports."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, None] = {}
    try:
        for path in files_of(where, source.path):
            columns |= dict.fromkeys(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return None
    return unique_names(list(columns))
