"""FGM: one more pass, at the shift that raises the loss fastest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from mesocosm.learning.training.adversarial.shift import Adversarial, Pass, Shift


class Fgm(Adversarial):
    """The gradient of the rows, plus that of the rows shifted by `epsilon` along the loss's own
    gradient.

    Source: Miyato et al. 2017, arXiv 1605.07725.

    >>> Fgm().epsilon
    0.5
    """

    method: Literal["fgm"] = "fgm"

    def backward(self, loss: Pass, words: Any, back: Callable[[Any], None]) -> float:
        """Two passes."""
        with Shift(words) as shift:
            first = loss()
            back(first)
            shift.climb(self.epsilon, self.epsilon)
            back(loss())
        return float(first.detach())
