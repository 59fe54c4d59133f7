"""A DuckDB in bounded memory, and its errors as sentences. Knows no rows."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.confidential.owner_files import owned_folder
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.extras import missing_extra_within
from mesocosm.core.messages import Message
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.sources.path_utils import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "600MB"


@contextmanager
def open_engine(store: Path, with_functions: bool = True) -> Iterator[DuckDBPyConnection]:
    """A DuckDB in bounded memory; what it spills is deleted afterwards.

    `MESOCOSM_MEMORY` (as 600MB) bounds it; rows over that go to disk.

    Args:
        with_functions: whether it knows the functions that recipes call; reading rows alone is
            quicker without.
    """
    import duckdb

    spill = store / "work" / f"spill-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    for folder in (store, store / "work", spill):
        owned_folder(folder)
    try:
        with duckdb.connect() as con:
            limit = memory_limit()
            _bound_memory(con, limit, spill)
            if with_functions:
                ibis_sql.prepare(con, store)
            with explain_errors(limit):
                yield con
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _bound_memory(con: DuckDBPyConnection, limit: str, spill: Path) -> None:
    """Set the bound of memory and where rows over it go; nothing is fetched from elsewhere."""
    import duckdb

    try:
        con.execute(f"set memory_limit={text(limit)}")
    except duckdb.Error as error:
        raise MesocosmError(Message("data.memory_setting", limit=limit[:40])) from error
    con.execute(
        f"set temp_directory={text(str(spill))}; set enable_progress_bar=false; set"
        " autoinstall_known_extensions=false; set autoload_known_extensions=false"
    )


@contextmanager
def explain_errors(limit: str, of: str = "") -> Iterator[None]:
    """Turn errors of the engine into sentences; its own words may hold values, so they stay out.

    Args:
        limit: the bound of memory.
        of: what is read, as `source 'loans'`.
    """
    import duckdb

    at = f" of {of}" if of else ""
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise ConfigValueError(
            "",
            Message("data.memory_exceeded", at=at, limit=limit),
            Message("data.raise_memory"),
        ) from error
    except duckdb.IOException as error:
        raise ConfigValueError(
            "",
            Message("data.file_not_accessible", at=at),
            Message("data.stable_files"),
        ) from error
    except duckdb.Error as error:
        if missing := missing_extra_within(str(error)):
            raise MesocosmError(missing) from error
        raise ConfigValueError(
            "",
            Message("data.engine_failed", at=at, kind=type(error).__name__),
            Message("data.engine_settings"),
        ) from error


def memory_limit() -> str:
    """The bound of memory of the engine, as `600MB`."""
    return os.environ.get("MESOCOSM_MEMORY", MEMORY)
