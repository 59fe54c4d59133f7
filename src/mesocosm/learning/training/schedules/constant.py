"""The same rate throughout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mesocosm.learning.training.schedules.schedule import Schedule


class Constant(Schedule):
    """The rate stays at its peak after the warm-up.

    Source: Goyal et al. 2017, arXiv 1706.02677 (warm-up).

    >>> Constant(warmup=0.0).share(5, 10, [])
    1.0
    """

    kind: Literal["constant"] = "constant"

    def after(self, done: float, losses: Sequence[float]) -> float:
        """Always 1."""
        del done, losses
        return 1.0
