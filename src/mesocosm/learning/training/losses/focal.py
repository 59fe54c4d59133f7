"""Focal loss: rows that are predicted confidently count less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor


class Focal(Loss):
    """Cross-entropy of each row times (1 - p)^gamma, p the probability of its true class.

    Args:
        gamma: 0 is cross-entropy; the greater, the less easy rows count.

    Source: Lin et al. 2017, arXiv 1708.02002.

    >>> Focal().gamma
    2.0
    """

    method: Literal["focal"] = "focal"
    gamma: float = Field(2.0, ge=0, le=10)

    def value(self, logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """The mean loss of a batch, a scalar tensor."""
        from torch.nn.functional import log_softmax

        log_p = log_softmax(logits, 1).gather(1, y[:, None])[:, 0]
        each = -((1 - log_p.exp()) ** self.gamma) * log_p
        if weights is None:
            return each.mean()
        mine = weights[y]
        return (each * mine).sum() / mine.sum()
