"""What trackers log of a version's record: settings, losses by epoch, and metrics that are
numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, cast

LOSSES = ("train_loss", "held_loss")  # of each epoch
MAX_CHARACTERS = 500  # of a setting
MAX_REASON = 200  # characters of why a run could not be tracked

Epochs: TypeAlias = Sequence[Mapping[str, object]]  # a record each: its number and its losses


def finite_numbers(metrics: Mapping[str, object]) -> dict[str, float]:
    """The metrics that are numbers, NaN left out.

    >>> finite_numbers({"accuracy": 0.5, "classes": {}, "auc": float("nan")})
    {'accuracy': 0.5}
    """
    return {
        k: float(v) for k, v in metrics.items() if isinstance(v, (int, float)) and not math.isnan(v)
    }


def losses_by_epoch(history: Epochs) -> Iterator[tuple[int, dict[str, float]]]:
    """The number of each epoch, and its losses by their names."""
    for record in history:
        numbers = cast("Mapping[str, float]", record)
        yield int(numbers["epoch"]), {name: float(numbers[name]) for name in LOSSES}


def shorten_settings(recipe: Mapping[str, object]) -> dict[str, str]:
    """How a version was trained, as short texts."""
    return {name: str(value)[:MAX_CHARACTERS] for name, value in recipe.items()}


def describe_failure(error: Exception) -> str:
    """Why a run could not be tracked, in a line."""
    return str(error).splitlines()[0][:MAX_REASON]
