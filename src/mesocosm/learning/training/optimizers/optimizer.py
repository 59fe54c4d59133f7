"""What every optimiser does: make torch's own of groups of weights."""

from __future__ import annotations

from typing import Any

from mesocosm.core.settings import Kind


class Optimiser(Kind):
    """Settings of an optimiser; the rate and the decay of weights stand in `tune`."""

    def create(self, groups: list[dict[str, Any]], rate: float, decay: float) -> Any:
        """A torch optimiser.

        Args:
            groups: weights in groups, as torch takes them.
            rate: the learning rate.
            decay: L2, as decoupled decay or as a penalty, whichever the optimiser knows.
        """
        raise NotImplementedError
