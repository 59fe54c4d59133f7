"""PGD: several small steps toward the worst shift, then one pass there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.adversarial.shift import Adversarial, Shift

if TYPE_CHECKING:
    from torch import nn

    from mesocosm.learning.training.adversarial.shift import Backward, Pass


class Pgd(Adversarial):
    """The gradient of the rows, plus that of the rows at the shift found in `steps` steps.

    Args:
        steps: steps up the loss.
        step: the norm of one.

    Source: Madry et al. 2018, arXiv 1706.06083.

    >>> Pgd().steps
    3
    """

    method: Literal["pgd"] = "pgd"
    steps: int = Field(3, ge=1, le=50)
    step: float = Field(0.25, gt=0)

    def backward(self, loss: Pass, words: nn.Module, back: Backward) -> float:
        """One pass, `steps` passes to climb, the last of which counts."""
        import torch

        with Shift(words) as shift:
            first = loss()
            back(first)
            shift.climb(self.step, self.epsilon)
            for _ in range(self.steps - 1):
                (shift.delta.grad,) = torch.autograd.grad(loss(), shift.delta)
                shift.climb(self.step, self.epsilon)
            back(loss())
        return float(first.detach())
