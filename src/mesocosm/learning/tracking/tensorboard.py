"""Tracking in TensorBoard: event files below the store, read by `tensorboard --logdir
.mesocosm/tensorboard`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
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
            for record in history:
                for key in LOSSES:
                    out.add_scalar(
                        f"loss/{key.removesuffix('_loss')}", record[key], record["epoch"]
                    )
            for key, value in finite_numbers(metrics).items():
                out.add_scalar(f"figures/{key}", value, 0)
            out.add_text("settings", "\n".join(f"- {k}: {str(v)[:500]}" for k, v in recipe.items()))
    except Exception as error:
        return str(error).splitlines()[0][:200]
    return None
