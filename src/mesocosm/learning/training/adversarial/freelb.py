"""FreeLB: the gradients of all steps up the loss are averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.adversarial.shift import Adversarial, Shift

if TYPE_CHECKING:
    from torch import nn

    from mesocosm.learning.training.adversarial.shift import Backward, Pass


class Freelb(Adversarial):
    """The mean of the gradients met on the way up the loss, the unshifted rows first.

    Args:
        steps: passes in all.
        step: the norm of one step.

    Source: Zhu et al. 2020, arXiv 1909.11764.

    >>> Freelb().steps
    3
    """

    method: Literal["freelb"] = "freelb"
    steps: int = Field(3, ge=2, le=50)
    step: float = Field(0.25, gt=0)

    def backward(self, loss: Pass, words: nn.Module, back: Backward) -> float:
        """`steps` passes, each counting alike."""
        losses = []
        with Shift(words) as shift:
            for _ in range(self.steps):
                value = loss()
                losses.append(float(value.detach()))
                back(value / self.steps)
                shift.climb(self.step, self.epsilon)
        return losses[0]
