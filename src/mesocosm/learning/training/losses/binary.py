"""Binary cross-entropy, for multi-label targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from mesocosm.learning.arrays import Array


class Binary(Settings):
    """Mean negative log-probability of each label being present or not.

    Args:
        smoothing: the share of each label moved toward a half, 0 to under 1.

    Source: Zhang and Zhou 2006, IEEE TKDE 18 (multi-label nets).

    >>> Binary(smoothing=0.1).smoothing
    0.1
    """

    of: ClassVar[str] = "labels"
    method: Literal["binary"] = "binary"
    smoothing: float = Field(0.0, ge=0, lt=1)

    def of_classes(self, y: Array, classes: int) -> None:
        """Labels have no class weights."""

    def value(self, logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """The mean loss of a batch (rows, labels), a scalar tensor."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        del weights
        return binary_cross_entropy_with_logits(
            logits, y.to(logits.dtype) * (1 - self.smoothing) + self.smoothing / 2
        )
