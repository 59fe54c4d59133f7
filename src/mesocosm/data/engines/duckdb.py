"""The engine in the build's own process. Knows DuckDB's way of writing a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mesocosm.data.engines.engine import Engine
from mesocosm.data.sources.path_utils import parquet_sql, quote, text
from mesocosm.data.sources.query_results import read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STAGED = (
    "format parquet, compression lz4_raw, dictionary_size_limit 2000, row_group_size_bytes '32MB'"
)
CELLS = 4_000_000  # of a row group of many columns
VECTOR = 2048  # rows that the engine treats at once


def file_options(con: DuckDBPyConnection, usual: str) -> str:
    """The options of a file to write: the usual ones, or for a table of many columns
    (`column_groups.limit_threads`) small row groups and dictionaries, as each column has its own.

    Args:
        usual: the options of a table of few columns.
    """
    (columns,) = read_counts(con, "select coalesce(getvariable('columns'), 0)")
    if not columns:
        return usual
    rows = max(1, CELLS // columns // VECTOR) * VECTOR
    return f"format parquet, compression lz4_raw, dictionary_size_limit 200, row_group_size {rows}"


class Duckdb(Engine):
    """Rows are treated where the build runs, on all its cores, in bounded memory
    (`MESOCOSM_MEMORY`).

    Source: Raasveldt and Mühleisen, "DuckDB: an embeddable analytical database" (SIGMOD 2019).

    >>> Duckdb().type
    'duckdb'
    """

    type: Literal["duckdb"] = "duckdb"

    def rows(
        self, con: DuckDBPyConnection, query: str, table: str, view: str, path: Path, store: Path
    ) -> None:
        """One file, written as the rows stream by."""
        del table, store
        con.execute(f"copy ({query}) to {text(str(path))} ({file_options(con, STAGED)})")
        con.execute(f"create or replace view {quote(view)} as from {parquet_sql(path)}")

    def cleaned(
        self, con: DuckDBPyConnection, query: str, table: str, view: str, path: Path, store: Path
    ) -> None:
        """A view: the rows are treated as they are written, once."""
        del table, path, store
        con.execute(f"create view {quote(view)} as {query}")
