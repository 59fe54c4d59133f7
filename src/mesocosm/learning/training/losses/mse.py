"""Mean squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mesocosm.learning.training.losses.number import NumberLoss

if TYPE_CHECKING:
    from torch import Tensor


class Mse(NumberLoss):
    """Mean squared error: the model predicts means.

    Source: Legendre 1805 (least squares); Bishop, Pattern Recognition and Machine Learning (2006),
    3.1.

    >>> Mse().method
    'mse'
    """

    method: Literal["mse"] = "mse"

    def each(self, away: Tensor) -> Tensor:
        """The loss of each difference, target less value."""
        return away * away
