"""Experiment trackers besides the catalog: one file and one line each; none of them can fail a
build.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from mesocosm.learning.tracking import mlflow, tensorboard, wandb
from mesocosm.learning.tracking.numbers import Epochs

Track = Callable[
    [Path, str, str, Mapping[str, object], Mapping[str, object], Epochs], str | None
]  # why it could not, or None
TRACKERS: dict[str, Track] = {
    "mlflow": mlflow.track,
    "tensorboard": tensorboard.track,
    "wandb": wandb.track,
}
