"""Tracking in Weights & Biases, offline: runs below the store, which `wandb sync` uploads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol, cast

from mesocosm.learning.tracking.numbers import (
    Epochs,
    describe_failure,
    finite_numbers,
    losses_by_epoch,
    shorten_settings,
)


class Summary(Protocol):
    """The last values of a run."""

    def update(self, values: Mapping[str, float], /) -> None: ...


class Run(Protocol):
    """What is used of a run."""

    summary: Summary

    def log(self, values: Mapping[str, float], /, *, step: int) -> None: ...

    def finish(self) -> None: ...


def _mode() -> Literal["online", "offline"]:
    """How the run is written, as the environment says; it checks the word itself."""
    return cast("Literal['online', 'offline']", os.environ.get("WANDB_MODE", "offline"))


def track(
    store: Path,
    model: str,
    version: str,
    recipe: Mapping[str, object],
    metrics: Mapping[str, object],
    history: Epochs,
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
        settings = wandb.Settings(
            console="off",
            save_code=False,
            disable_git=True,
            x_disable_meta=True,
            x_disable_stats=True,
        )
        run: Run = wandb.init(
            project=model,
            name=version,
            dir=str(store),
            mode=_mode(),
            config=shorten_settings(recipe),
            settings=settings,
        )
        for epoch, losses in losses_by_epoch(history):
            run.log(losses, step=epoch)
        run.summary.update(finite_numbers(metrics))
        run.finish()
    except Exception as error:
        return describe_failure(error)
    return None
