"""Tracking in MLflow over SQLite, telemetry off; never in training's path, and never its
failure.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesocosm.catalog.database.engine import url_of_file
from mesocosm.core.cache import left, taken
from mesocosm.core.files import aside_name

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def track(
    store: Path,
    model: str,
    version: str,
    recipe: dict[str, Any],
    metrics: dict[str, Any],
    history: list[dict[str, Any]],
) -> str | None:
    """Write one run: settings, figures and losses; returns why it could not, or None."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    import logging

    try:
        import mlflow.tracking  # noqa: F401, it sets the loggers
        from mlflow.entities import Metric, Param
    except ImportError:
        return "mlflow-skinny is not installed"
    for name in ("mlflow", "mlflow.store.db.utils", "alembic", "alembic.runtime.migration"):
        logging.getLogger(name).setLevel(logging.ERROR)  # after the import, which sets them anew
    try:
        client = open_client(store / "mlflow.db")
        found = client.get_experiment_by_name(model)
        experiment = (
            found.experiment_id
            if found
            else client.create_experiment(model, artifact_location=str(store / "mlflow"))
        )
        run = client.create_run(experiment, run_name=version, tags={"version": version})
        flat = {k: str(v)[:500] for k, v in recipe.items()}
        now = int(run.info.start_time)
        shown = [
            Metric(k, float(v), now, 0)
            for k, v in metrics.items()
            if isinstance(v, (int, float)) and v == v
        ]
        shown += [
            Metric(k, float(r[k]), now, int(r["epoch"]))
            for r in history
            for k in ("train_loss", "held_loss")
        ]
        client.log_batch(
            run.info.run_id, metrics=shown, params=[Param(k, v) for k, v in flat.items()]
        )
        client.set_terminated(run.info.run_id)
    except Exception as error:
        return str(error).splitlines()[0][:200]
    return None


def open_client(database: Path) -> MlflowClient:
    """MLflow over a SQLite file. A new file's tables are copied from the person's cache: MLflow
    makes them by all its migrations, which takes seconds.
    """
    from mlflow.tracking import MlflowClient
    from mlflow.version import VERSION

    made = f"mlflow-{VERSION}"
    if database.exists():
        return MlflowClient(tracking_uri=url_of_file(database))
    with tempfile.TemporaryDirectory(prefix="mesocosm-") as home:
        tables = Path(home) / "tables"
        known = taken(made, tables)
        if known:
            database.parent.mkdir(parents=True, exist_ok=True)
            aside = database.with_name(aside_name(database))
            shutil.copyfile(tables / "mlflow.db", aside)
            os.replace(aside, database)
        client = MlflowClient(tracking_uri=url_of_file(database))
        client.search_experiments(max_results=1)  # the tables are made by the first question
        if not known:
            tables.mkdir()
            shutil.copyfile(database, tables / "mlflow.db")
            with closing(sqlite3.connect(tables / "mlflow.db", isolation_level=None)) as copy:
                copy.execute(
                    "DELETE FROM experiments"
                )  # MLflow makes its default one anew; this one names this project's folder
                copy.execute("VACUUM")
            left(made, tables)
    return client
