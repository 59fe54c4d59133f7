"""What losses of numbers share. Knows torch's tensors."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from mesocosm.learning.arrays import Array


class NumberLoss(Settings):
    """A loss of values (rows, 1) against targets (rows), both in standard deviations of the
    training targets.
    """

    of: ClassVar[str] = "numbers"

    def of_classes(self, y: Array, classes: int) -> None:
        """Numbers have no class weights."""

    @abstractmethod
    def each(self, away: Tensor) -> Tensor:
        """The loss of each difference, target less value."""

    def value(self, logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """The mean loss of a batch, a scalar tensor."""
        del weights
        return self.each(y - logits[:, 0]).mean()
