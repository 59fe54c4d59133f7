"""What losses of numbers share. Knows torch's tensors."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from mesocosm.core.settings import Settings


class NumberLoss(Settings):
    """A loss of values (rows, 1) against targets (rows), both in standard deviations of the
    training targets.
    """

    of: ClassVar[str] = "numbers"

    def of_classes(self, y: Any, classes: int) -> None:
        """Numbers have no class weights."""

    @abstractmethod
    def each(self, away: Any) -> Any:
        """The loss of each difference, target less value."""

    def value(self, values: Any, y: Any, weights: Any) -> Any:
        """The mean loss of a batch, a scalar tensor."""
        del weights
        return self.each(y - values[:, 0]).mean()
