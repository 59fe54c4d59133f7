"""A straight fall to 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mesocosm.learning.training.schedules.schedule import Schedule


class Linear(Schedule):
    """The rate falls in a straight line to 0 at the last step.

    Source: Devlin et al. 2019, arXiv 1810.04805.

    >>> round(Linear(warmup=0.0).share(5, 10, []), 3)
    0.5
    """

    kind: Literal["linear"] = "linear"

    def after(self, done: float, losses: Sequence[float]) -> float:
        """What is left of the way."""
        del losses
        return 1 - done
