"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.optimizers.optimizer import Optimiser, WeightGroup

if TYPE_CHECKING:
    from torch.optim import Optimizer


class Sgd(Optimiser):
    """Stochastic gradient descent; needs a rate of 10 to 1,000 times Adam's.

    Args:
        momentum: memory of the gradient, 0 for none.
        nesterov: whether the gradient is looked at one step ahead.

    Source: Sutskever et al. 2013, ICML (momentum).

    >>> Sgd().momentum
    0.9
    """

    method: Literal["sgd"] = "sgd"
    momentum: float = Field(0.9, ge=0, lt=1)
    nesterov: bool = False

    def create(self, groups: list[WeightGroup], rate: float, decay: float) -> Optimizer:
        """torch's own."""
        from torch.optim import SGD

        return SGD(
            groups,
            lr=rate,
            momentum=self.momentum,
            nesterov=self.nesterov and self.momentum > 0,
            weight_decay=decay,
        )
