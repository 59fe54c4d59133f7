"""FGM: one more pass, at the shift that raises the loss fastest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mesocosm.learning.training.adversarial.shift import Adversarial, Shift

if TYPE_CHECKING:
    from torch import nn

    from mesocosm.learning.training.adversarial.shift import Backward, Pass


class Fgm(Adversarial):
    """The gradient of the rows, plus that of the rows shifted by `epsilon` along the loss's own
    gradient.

    Source: Miyato et al. 2017, arXiv 1605.07725.

    >>> Fgm().epsilon
    0.5
    """

    method: Literal["fgm"] = "fgm"

    def backward(self, loss: Pass, words: nn.Module, back: Backward) -> float:
        """Two passes."""
        with Shift(words) as shift:
            first = loss()
            back(first)
            shift.climb(self.epsilon, self.epsilon)
            back(loss())
        return float(first.detach())
