"""Experiment trackers besides the catalog: one file and one line each; none of them can fail a
build.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.learning.tracking import mlflow, tensorboard, wandb

Track = Callable[
    [Path, str, str, dict[str, Any], dict[str, Any], Sequence[Mapping[str, Any]]], str | None
]  # why it could not, or None
TRACKERS: dict[str, Track] = {
    "mlflow": mlflow.track,
    "tensorboard": tensorboard.track,
    "wandb": wandb.track,
}
