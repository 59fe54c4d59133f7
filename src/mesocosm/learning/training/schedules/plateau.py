"""Falls when the held-out loss stops falling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from mesocosm.learning.training.schedules.schedule import Schedule


class Plateau(Schedule):
    """The rate is multiplied by `by` each time the held-out loss did not fall for `patience`
    epochs.

    Args:
        patience: epochs without a better loss.
        by: what the rate is multiplied with.

    Source: torch.optim.lr_scheduler.ReduceLROnPlateau.

    >>> round(Plateau(warmup=0.0).share(9, 10, [1.0, 1.2]), 3)
    0.3
    """

    method: Literal["plateau"] = "plateau"
    patience: int = Field(1, ge=1, le=100)
    by: float = Field(0.3, gt=0, lt=1)

    def after(self, done: float, losses: Sequence[float]) -> float:
        """One decay for each wait that ended without a lower loss."""
        del done
        best, waited, falls = float("inf"), 0, 0
        for loss in losses:
            if loss < best:
                best, waited = loss, 0
            else:
                waited += 1
            if waited >= self.patience:
                falls, waited = falls + 1, 0
        return self.by**falls
