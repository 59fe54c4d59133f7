"""What trackers log of a version's record: losses by epoch, and the metrics that are numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

LOSSES = ("train_loss", "held_loss")  # of each epoch


def finite_numbers(metrics: Mapping[str, object]) -> dict[str, float]:
    """The metrics that are numbers, NaN left out.

    >>> finite_numbers({"accuracy": 0.5, "classes": {}, "auc": float("nan")})
    {'accuracy': 0.5}
    """
    return {
        k: float(v) for k, v in metrics.items() if isinstance(v, (int, float)) and not math.isnan(v)
    }
