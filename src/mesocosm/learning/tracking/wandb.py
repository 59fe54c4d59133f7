"""Tracking in Weights & Biases, offline: runs below the store, which `wandb sync` uploads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.learning.tracking.numbers import LOSSES, finite_numbers


def track(
    store: Path,
    model: str,
    version: str,
    recipe: dict[str, Any],
    metrics: dict[str, Any],
    history: Sequence[Mapping[str, Any]],
) -> str | None:
    """Write one run; returns why it could not, or None. `WANDB_MODE=online` sends it at once.

    Source: https://docs.wandb.ai
    """
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    try:
        import wandb
    except ImportError:
        return "wandb is not installed; install it with: pip install 'mesocosm[wandb]'"
    try:
        (store / "wandb").mkdir(parents=True, exist_ok=True)
        mode: Any = os.environ.get("WANDB_MODE", "offline")
        settings = wandb.Settings(
            console="off",
            save_code=False,
            disable_git=True,
            x_disable_meta=True,
            x_disable_stats=True,
        )
        run = wandb.init(
            project=model,
            name=version,
            dir=str(store),
            mode=mode,
            config={k: str(v)[:500] for k, v in recipe.items()},
            settings=settings,
        )
        for record in history:
            run.log({k: record[k] for k in LOSSES}, step=record["epoch"])
        run.summary.update(finite_numbers(metrics))
        run.finish()
    except Exception as error:
        return str(error).splitlines()[0][:200]
    return None
