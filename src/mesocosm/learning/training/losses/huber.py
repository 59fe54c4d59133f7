"""Squared error near the target, absolute error beyond `delta`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.losses.number import NumberLoss

if TYPE_CHECKING:
    from torch import Tensor


class Huber(NumberLoss):
    """Squared error near the target, absolute error beyond `delta`: single outliers pull less.

    Args:
        delta: where squares end, in standard deviations of the target.

    Source: Huber 1964, Annals of Mathematical Statistics 35.

    >>> Huber().delta
    1.0
    """

    method: Literal["huber"] = "huber"
    delta: float = Field(1.0, gt=0, le=100)

    def each(self, away: Tensor) -> Tensor:
        """The loss of each difference, target less value."""
        from torch.nn.functional import huber_loss

        return huber_loss(away, away * 0, reduction="none", delta=self.delta)
