"""Falls at even distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from mesocosm.learning.training.schedules.schedule import Schedule


class Step(Schedule):
    """The rate is multiplied by `by` after each of `times` equal parts of the way but the last.

    Args:
        times: into how many parts the way is cut.
        by: what the rate is multiplied with.

    Source: He et al. 2016, arXiv 1512.03385.

    >>> round(Step(warmup=0.0).share(5, 10, []), 3)
    0.1
    """

    kind: Literal["step"] = "step"
    times: int = Field(3, ge=2, le=100)
    by: float = Field(0.1, gt=0, lt=1)

    def after(self, done: float, losses: Sequence[float]) -> float:
        """A stair."""
        del losses
        return self.by ** min(self.times - 1, int(done * self.times))
