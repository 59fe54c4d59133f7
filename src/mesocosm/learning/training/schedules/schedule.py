"""The interface of schedules: the share of the peak rate at a step. Knows numbers only."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from pydantic import Field

from mesocosm.core.settings import Settings


class Schedule(Settings):
    """The learning rate as a share of its peak.

    Args:
        warmup: the share of all steps in which the rate rises to its peak.
    """

    warmup: float = Field(0.1, ge=0, lt=1)

    def share(self, step: int, steps: int, losses: Sequence[float]) -> float:
        """The share at a step, 0 to 1.

        Args:
            step: from 0.
            steps: how many there will be.
            losses: the held-out loss of each epoch so far.
        """
        rising = steps * self.warmup
        if step + 1 < rising:
            return (step + 1) / rising
        return self.after(min(1.0, max(0.0, (step - rising) / max(1.0, steps - rising))), losses)

    @abstractmethod
    def after(self, done: float, losses: Sequence[float]) -> float:
        """The share without warm-up, at `done` of the way after it, 0 to 1."""
