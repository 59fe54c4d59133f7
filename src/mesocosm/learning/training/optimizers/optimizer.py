"""The interface of optimizers: create torch's own for groups of weights."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from torch.optim import Optimizer

WeightGroup = dict[str, object]  # `params`, weights, and what is kept beside them


class Optimiser(Settings):
    """Settings of an optimizer; learning rate and weight decay are in `fine_tune`."""

    @abstractmethod
    def create(self, groups: list[WeightGroup], rate: float, decay: float) -> Optimizer:
        """A torch optimiser.

        Args:
            groups: weights in groups, as torch takes them.
            rate: the learning rate.
            decay: L2, as decoupled decay or as a penalty, whichever the optimizer knows.
        """
