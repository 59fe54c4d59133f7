"""Cross-entropy, with label smoothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor


class CrossEntropy(Loss):
    """Mean negative log-probability of the true class.

    Args:
        smoothing: the share of each label spread over all classes, 0 to under 1.

    Source: Szegedy et al. 2016, arXiv 1512.00567 (label smoothing).

    >>> CrossEntropy(smoothing=0.1).smoothing
    0.1
    """

    method: Literal["cross_entropy"] = "cross_entropy"
    smoothing: float = Field(0.0, ge=0, lt=1)

    def value(self, logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """The mean loss of a batch, a scalar tensor."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, y, weight=weights, label_smoothing=self.smoothing)
