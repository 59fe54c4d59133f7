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
from typing import TYPE_CHECKING, Any

from mesocosm.catalog.database.engine import url_of_file
from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.files import aside_name
from mesocosm.learning.tracking.numbers import LOSSES, finite_numbers

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def track(
    store: Path,
    model: str,
    version: str,
    recipe: dict[str, Any],
    metrics: dict[str, Any],
    history: Sequence[Mapping[str, Any]],
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
    for name in ("mlflow", "mlflow.store.db.utils", "alembic", "alembic.runtime.migration"):
        logging.getLogger(name).setLevel(logging.ERROR)  # after the import, which sets their levels
    try:
        client = open_client(store / "mlflow.db")
        experiment = _experiment_id(client, model, store)
        run = client.create_run(experiment, run_name=version, tags={"version": version})
        now = int(run.info.start_time)
        logged = [Metric(k, float(v), now, 0) for k, v in finite_numbers(metrics).items()]
        for record in history:
            for key in LOSSES:
                logged.append(Metric(key, float(record[key]), now, int(record["epoch"])))
        settings = [Param(k, str(v)[:500]) for k, v in recipe.items()]
        client.log_batch(run.info.run_id, metrics=logged, params=settings)
        client.set_terminated(run.info.run_id)
    except Exception as error:
        return str(error).splitlines()[0][:200]
    return None


def _experiment_id(client: MlflowClient, model: str, store: Path) -> str:
    """The model's experiment; created where there is none."""
    found = client.get_experiment_by_name(model)
    if found:
        return str(found.experiment_id)
    return str(client.create_experiment(model, artifact_location=str(store / "mlflow")))


def open_client(database: Path) -> MlflowClient:
    """MLflow over a SQLite file. A new file's tables are copied from the user's cache: MLflow
    creates them by all its migrations, which takes seconds.
    """
    from mlflow.tracking import MlflowClient
    from mlflow.version import VERSION

    name = f"mlflow-{VERSION}"
    if database.exists():
        return MlflowClient(tracking_uri=url_of_file(database))
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
