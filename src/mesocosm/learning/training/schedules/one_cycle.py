"""Up and down once along cosines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from mesocosm.learning.training.schedules.schedule import Schedule


class OneCycle(Schedule):
    """The rate rises from a 25th of its peak for `rise` of the way and falls to nearly 0, both
    along half a cosine.

    Args:
        rise: the share of the way that it rises.

    Source: Smith and Topin 2018, arXiv 1708.07120.

    >>> round(OneCycle().share(3, 10, []), 3)
    1.0
    """

    kind: Literal["one_cycle"] = "one_cycle"
    warmup: float = Field(0.0, ge=0, lt=1)
    rise: float = Field(0.3, gt=0, lt=1)

    def after(self, done: float, losses: Sequence[float]) -> float:
        """Up, then down."""
        del losses
        if done < self.rise:
            return 1 - 0.96 * (1 + math.cos(math.pi * done / self.rise)) / 2
        return (
            1e-4 + (1 - 1e-4) * (1 + math.cos(math.pi * (done - self.rise) / (1 - self.rise))) / 2
        )
