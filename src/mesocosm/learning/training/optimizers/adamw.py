"""Adam with decoupled decay of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.optimizers.optimizer import Optimiser, WeightGroup

if TYPE_CHECKING:
    from torch.optim import Optimizer


class Adamw(Optimiser):
    """Adam with decoupled decay of weights.

    Args:
        beta1: memory of the gradient's mean.
        beta2: memory of its square.

    Source: Loshchilov and Hutter 2019, arXiv 1711.05101.

    >>> Adamw().beta1
    0.9
    """

    method: Literal["adamw"] = "adamw"
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)

    def create(self, groups: list[WeightGroup], rate: float, decay: float) -> Optimizer:
        """torch's own, all weights in one call."""
        from torch.optim import AdamW

        return AdamW(
            groups, lr=rate, betas=(self.beta1, self.beta2), weight_decay=decay, fused=True
        )
