"""Adam; decay is an L2 penalty in the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.optimizers.optimizer import Optimiser, WeightGroup

if TYPE_CHECKING:
    from torch.optim import Optimizer


class Adam(Optimiser):
    """Adam; decay is an L2 penalty in the gradient.

    Args:
        beta1: memory of the gradient's mean.
        beta2: memory of its square.

    Source: Kingma and Ba 2015, arXiv 1412.6980.

    >>> Adam().beta1
    0.9
    """

    method: Literal["adam"] = "adam"
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)

    def create(self, groups: list[WeightGroup], rate: float, decay: float) -> Optimizer:
        """torch's own, all weights in one call."""
        from torch.optim import Adam

        return Adam(groups, lr=rate, betas=(self.beta1, self.beta2), weight_decay=decay, fused=True)
