"""A fall to 0 along half a cosine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from mesocosm.learning.training.schedules.schedule import Schedule


class Cosine(Schedule):
    """The rate falls along half a cosine to 0.

    Source: Loshchilov and Hutter 2017, arXiv 1608.03983.

    >>> round(Cosine(warmup=0.0).share(5, 10, []), 3)
    0.5
    """

    kind: Literal["cosine"] = "cosine"

    def after(self, done: float, losses: Sequence[float]) -> float:
        """Half a cosine."""
        del losses
        return (1 + math.cos(math.pi * done)) / 2
