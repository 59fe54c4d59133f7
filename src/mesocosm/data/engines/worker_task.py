"""What a worker of a cluster does: treat a range of rows by the recipe's SQL, in a DuckDB of its
own.

Knows files by their paths and one job as JSON; knows no cluster. The same SQL in the same engine
gives the same cells as a build in one process.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from mesocosm.core.records import Record


@dataclass(frozen=True, slots=True)
class WorkerJob(Record):
    """A range of rows and what becomes of them.

    Args:
        query: the recipe's SQL.
        table: what the query calls its rows.
        rows: the Parquet file of all rows.
        store: the folder `.mesocosm`.
        memory: how much the worker's engine may take.
        first: the first `_row`.
        last: the last `_row`, included.
        made: the file to write.
    """

    query: str
    table: str
    rows: str
    store: str
    memory: str
    first: int
    last: int
    made: str


def run_job(job: str) -> str:
    """Do one job; returns the file it wrote. Done twice, the last one stands.

    Args:
        job: a `WorkerJob` as JSON.

    Raises:
        FileNotFoundError: the file of rows is not on storage this worker sees.
    """
    import duckdb

    from mesocosm.data.engines.duckdb import STAGED
    from mesocosm.data.pipeline import ibis_sql
    from mesocosm.data.sources.path_utils import parquet_sql, quote, text

    asked = WorkerJob.from_json(json.loads(job))
    rows, made = Path(asked.rows), Path(asked.made)
    if not rows.is_file():
        raise FileNotFoundError(str(rows))
    part = made.with_name(f".{made.name}.{uuid.uuid4().hex[:8]}")
    try:
        with duckdb.connect() as con:
            con.execute(
                f"set threads=1; set memory_limit={text(asked.memory)}; set"
                f" temp_directory={text(str(made.parent))}"
            )
            con.execute(
                "set enable_progress_bar=false; set autoinstall_known_extensions=false; set"
                " autoload_known_extensions=false"
            )
            ibis_sql.prepare(con, Path(asked.store))
            mine = f"_row between {int(asked.first)} and {int(asked.last)}"
            con.execute(
                f"create view {quote(asked.table)} as from {parquet_sql(rows)} where {mine}"
            )
            con.execute(f"copy ({asked.query}) to {text(str(part))} ({STAGED})")
        os.replace(part, made)
    finally:
        part.unlink(missing_ok=True)
    return str(made)
