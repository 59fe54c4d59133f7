"""The pinball loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.losses.number import NumberLoss

if TYPE_CHECKING:
    from torch import Tensor


class Quantile(NumberLoss):
    """The pinball loss: the model predicts the value under which a share `at` of targets lies.

    Args:
        at: the share of targets below; 0.5 is the median.

    Source: Koenker and Bassett 1978, Econometrica 46.

    >>> Quantile(at=0.9).at
    0.9
    """

    method: Literal["quantile"] = "quantile"
    at: float = Field(0.5, gt=0, lt=1)

    def each(self, away: Tensor) -> Tensor:
        """The loss of each difference, target less value."""
        import torch

        return torch.maximum(self.at * away, (self.at - 1) * away)
