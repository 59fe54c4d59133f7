"""Adafactor: second moments kept as a row and a column, for bases too big for Adam's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mesocosm.learning.training.optimizers.optimizer import Optimiser, WeightGroup

if TYPE_CHECKING:
    from torch.optim import Optimizer


class Adafactor(Optimiser):
    """Adam's second moment of a matrix kept as its row and column means: memory of m + n instead of
    m x n.

    Source: Shazeer and Stern 2018, arXiv 1804.04235.

    >>> Adafactor().method
    'adafactor'
    """

    method: Literal["adafactor"] = "adafactor"

    def create(self, groups: list[WeightGroup], rate: float, decay: float) -> Optimizer:
        """torch's own."""
        from torch.optim import Adafactor as Torch

        return Torch(groups, lr=rate, weight_decay=decay)
