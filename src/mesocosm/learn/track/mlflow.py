"""Tracking in MLflow over SQLite, telemetry off; never in training's path, and never its failure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def track(store: Path, model: str, version: str, recipe: dict[str, Any], metrics: dict[str, Any], history: list[dict[str, Any]]) -> str | None:
    """Write one run: settings, figures and losses; returns why it could not, or None."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    import logging

    try:
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient
    except ImportError:
        return "mlflow-skinny is not installed"
    for name in ("mlflow", "mlflow.store.db.utils", "alembic", "alembic.runtime.migration"):
        logging.getLogger(name).setLevel(logging.ERROR)  # after the import, which sets them anew
    try:
        client = MlflowClient(tracking_uri=f"sqlite:///{store / 'mlflow.db'}")
        found = client.get_experiment_by_name(model)
        experiment = found.experiment_id if found else client.create_experiment(model, artifact_location=str(store / "mlflow"))
        run = client.create_run(experiment, run_name=version, tags={"version": version})
        flat = {k: str(v)[:500] for k, v in recipe.items()}
        now = int(run.info.start_time)
        shown = [Metric(k, float(v), now, 0) for k, v in metrics.items() if isinstance(v, (int, float)) and v == v]
        shown += [Metric(k, float(r[k]), now, int(r["epoch"])) for r in history for k in ("train_loss", "held_loss")]
        client.log_batch(run.info.run_id, metrics=shown, params=[Param(k, v) for k, v in flat.items()])
        client.set_terminated(run.info.run_id)
    except Exception as error:
        return str(error).splitlines()[0][:200]
    return None
