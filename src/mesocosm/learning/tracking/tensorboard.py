"""Tracking in TensorBoard: event files below the store, read by `tensorboard --logdir
.mesocosm/tensorboard`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mesocosm.learning.tracking.numbers import (
    Epochs,
    describe_failure,
    finite_numbers,
    losses_by_epoch,
    shorten_settings,
)

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def _write_losses(out: SummaryWriter, history: Epochs) -> None:
    for epoch, losses in losses_by_epoch(history):
        for name, loss in losses.items():
            out.add_scalar(f"loss/{name.removesuffix('_loss')}", loss, epoch)


def track(
    store: Path,
    model: str,
    version: str,
    recipe: Mapping[str, object],
    metrics: Mapping[str, object],
    history: Epochs,
) -> str | None:
    """Write one run: losses by epoch, metrics, settings; returns why it could not, or None.

    Source: https://www.tensorflow.org/tensorboard
    """
    # the sign that TensorFlow, where it is installed, is not to be loaded for this
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return "tensorboard is not installed; install it with: pip install 'mesocosm[tensorboard]'"
    try:
        with SummaryWriter(str(store / "tensorboard" / model / version)) as out:
            _write_losses(out, history)
            for key, value in finite_numbers(metrics).items():
                out.add_scalar(f"figures/{key}", value, 0)
            settings = [f"- {name}: {value}" for name, value in shorten_settings(recipe).items()]
            out.add_text("settings", "\n".join(settings))
    except Exception as error:
        return describe_failure(error)
    return None
