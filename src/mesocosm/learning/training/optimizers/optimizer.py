"""The interface of optimizers: create torch's own for groups of weights."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from mesocosm.core.settings import Settings


class Optimiser(Settings):
    """Settings of an optimizer; learning rate and weight decay are in `fine_tune`."""

    @abstractmethod
    def create(self, groups: list[dict[str, Any]], rate: float, decay: float) -> Any:
        """A torch optimiser.

        Args:
            groups: weights in groups, as torch takes them.
            rate: the learning rate.
            decay: L2, as decoupled decay or as a penalty, whichever the optimizer knows.
        """
