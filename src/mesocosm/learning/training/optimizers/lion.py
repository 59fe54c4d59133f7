"""Lion: the sign of a mean of gradients. Knows torch's base class of optimisers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from pydantic import Field

from mesocosm.learning.training.optimizers.optimizer import Optimiser, WeightGroup

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer


class LionGroup(TypedDict):
    """A group of weights, and how they are moved."""

    params: list[Tensor]
    lr: float
    betas: tuple[float, float]
    weight_decay: float


class Lion(Optimiser):
    """Every weight moves by the rate, up or down by the sign of its momentum; needs a third to a
    tenth of AdamW's rate.

    Args:
        beta1: memory of the gradient in the step.
        beta2: memory of the gradient that is kept.

    Source: Chen et al. 2023, arXiv 2302.06675, algorithm 2.

    >>> Lion().beta2
    0.99
    """

    method: Literal["lion"] = "lion"
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.99, ge=0, lt=1)

    def create(self, groups: list[WeightGroup], rate: float, decay: float) -> Optimizer:
        """Ours; torch 2.13 has none."""
        import torch

        class Signed(torch.optim.Optimizer):
            @torch.no_grad()
            def step(  # type: ignore[override]  # torch declares two overloads
                self, closure: Callable[[], float] | None = None
            ) -> None:
                del closure
                groups = cast("list[LionGroup]", self.param_groups)
                for group in groups:
                    for weight in group["params"]:
                        if weight.grad is not None:
                            self._move(weight, weight.grad, group)

            def _move(self, weight: Tensor, grad: Tensor, group: LionGroup) -> None:
                memory: dict[str, Tensor] = self.state[weight]
                kept = memory.setdefault("mean", torch.zeros_like(weight))
                a, b = group["betas"]
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.sub_(torch.sign(kept * a + grad * (1 - a)), alpha=group["lr"])
                kept.lerp_(grad, 1 - b)

        return Signed(
            groups, {"lr": rate, "betas": (self.beta1, self.beta2), "weight_decay": decay}
        )
