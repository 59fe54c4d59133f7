"""Tracking in MLflow over SQLite, telemetry off; never in training's path, and never its
failure.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from mesocosm.catalog.database.engine import url_of_file
from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.files import aside_name
from mesocosm.learning.tracking.numbers import (
    Epochs,
    describe_failure,
    finite_numbers,
    losses_by_epoch,
    shorten_settings,
)

LOGGERS = ("mlflow", "mlflow.store.db.utils", "alembic", "alembic.runtime.migration")


class Experiment(Protocol):
    """The runs of one model."""

    experiment_id: str


class RunInfo(Protocol):
    """What names a run, and when it began, in milliseconds."""

    run_id: str
    start_time: int


class Run(Protocol):
    """One version."""

    info: RunInfo


class Client(Protocol):
    """What is used of MLflow's client."""

    def get_experiment_by_name(self, name: str) -> Experiment | None: ...

    def create_experiment(self, name: str, *, artifact_location: str) -> str: ...

    def search_experiments(self, *, max_results: int) -> Sequence[Experiment]: ...

    def create_run(self, experiment_id: str, *, run_name: str, tags: Mapping[str, str]) -> Run: ...

    def log_batch(
        self, run_id: str, *, metrics: Sequence[object], params: Sequence[object]
    ) -> None: ...

    def set_terminated(self, run_id: str) -> None: ...


def track(
    store: Path,
    model: str,
    version: str,
    recipe: Mapping[str, object],
    metrics: Mapping[str, object],
    history: Epochs,
) -> str | None:
    """Write one run: settings, metrics and losses; returns why it could not, or None."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    import logging

    try:
        import mlflow.tracking  # noqa: F401, it sets the loggers
        from mlflow.entities import Metric, Param
    except ImportError:
        return "mlflow-skinny is not installed"
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)  # after the import, which sets their levels
    try:
        client = open_client(store / "mlflow.db")
        experiment = _experiment_id(client, model, store)
        run = client.create_run(experiment, run_name=version, tags={"version": version})
        now = int(run.info.start_time)
        logged: list[object] = [
            Metric(*number, now, 0) for number in finite_numbers(metrics).items()
        ]
        for epoch, losses in losses_by_epoch(history):
            logged += [Metric(*loss, now, epoch) for loss in losses.items()]
        settings: list[object] = [Param(*one) for one in shorten_settings(recipe).items()]
        client.log_batch(run.info.run_id, metrics=logged, params=settings)
        client.set_terminated(run.info.run_id)
    except Exception as error:
        return describe_failure(error)
    return None


def _experiment_id(client: Client, model: str, store: Path) -> str:
    """The model's experiment; created where there is none."""
    found = client.get_experiment_by_name(model)
    if found:
        return str(found.experiment_id)
    return str(client.create_experiment(model, artifact_location=str(store / "mlflow")))


def open_client(database: Path) -> Client:
    """MLflow over a SQLite file. A new file's tables are copied from the user's cache: MLflow
    creates them by all its migrations, which takes seconds.
    """
    from mlflow.tracking import MlflowClient
    from mlflow.version import VERSION

    name = f"mlflow-{VERSION}"
    client: Client
    if database.exists():
        client = MlflowClient(tracking_uri=url_of_file(database))
        return client
    with tempfile.TemporaryDirectory(prefix="mesocosm-") as home:
        tables = Path(home) / "tables"
        known = copy_from_cache(name, tables)
        if known:
            database.parent.mkdir(parents=True, exist_ok=True)
            aside = database.with_name(aside_name(database))
            shutil.copyfile(tables / "mlflow.db", aside)
            os.replace(aside, database)
        client = MlflowClient(tracking_uri=url_of_file(database))
        client.search_experiments(max_results=1)  # the first query creates the tables
        if not known:
            tables.mkdir()
            shutil.copyfile(database, tables / "mlflow.db")
            with closing(sqlite3.connect(tables / "mlflow.db", isolation_level=None)) as copy:
                # MLflow creates its default one again; this one names this project's folder
                copy.execute("DELETE FROM experiments")
                copy.execute("VACUUM")
            copy_to_cache(name, tables)
    return client
