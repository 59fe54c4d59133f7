"""The engine in the build's own process. Knows DuckDB's way of writing a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from mesocosm.govern.engines.engine import Engine
from mesocosm.govern.sources.paths import quote, text

STAGED = "format parquet, compression lz4_raw, dictionary_size_limit 2000, row_group_size_bytes '32MB'"


class Duckdb(Engine):
    """Rows are treated where the build runs, on all its cores, in bounded memory (`MESOCOSM_MEMORY`).

    Source: Raasveldt and Mühleisen, "DuckDB: an embeddable analytical database" (SIGMOD 2019).

    >>> Duckdb().engine
    'duckdb'
    """

    engine: Literal["duckdb"] = "duckdb"

    def rows(self, con: Any, query: str, table: str, view: str, path: Path, store: Path) -> None:
        """One file, written as the rows stream by."""
        del table, store
        con.execute(f"copy ({query}) to {text(str(path))} ({STAGED})")
        con.execute(f"create or replace view {quote(view)} as from read_parquet({text(str(path))})")

    def cleaned(self, con: Any, query: str, table: str, view: str, path: Path, store: Path) -> None:
        """A view: the rows are treated as they are written, once."""
        del table, path, store
        con.execute(f"create view {quote(view)} as {query}")
