"""Tracking in TensorBoard: event files below the store, read by `tensorboard --logdir
.mesocosm/tensorboard`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def track(
    store: Path,
    model: str,
    version: str,
    recipe: dict[str, Any],
    metrics: dict[str, Any],
    history: list[dict[str, Any]],
) -> str | None:
    """Write one run: losses by epoch, figures, settings; returns why it could not, or None.

    Source: https://www.tensorflow.org/tensorboard
    """
    sys.modules.setdefault(
        "tensorboard.compat.notf", ModuleType("tensorboard.compat.notf")
    )  # its sign that TensorFlow, where it is there, is not to be loaded for this
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return "tensorboard is not installed; install it with: pip install 'mesocosm[tensorboard]'"
    try:
        with SummaryWriter(str(store / "tensorboard" / model / version)) as out:
            for record in history:
                for key in ("train_loss", "held_loss"):
                    out.add_scalar(
                        f"loss/{key.removesuffix('_loss')}", record[key], record["epoch"]
                    )
            for key, value in metrics.items():
                if isinstance(value, (int, float)) and value == value:
                    out.add_scalar(f"figures/{key}", value, 0)
            out.add_text("settings", "\n".join(f"- {k}: {str(v)[:500]}" for k, v in recipe.items()))
    except Exception as error:
        return str(error).splitlines()[0][:200]
    return None
