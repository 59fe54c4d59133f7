"""What losses of classes share: weights of classes. Knows torch's tensors."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from mesocosm.learning.arrays import Array


class LossFunction(Protocol):
    """What training asks of a loss; `of` is what it compares: classes, numbers, labels, tokens."""

    of: ClassVar[str]

    def of_classes(self, y: Array, classes: int) -> Tensor | None: ...

    def value(self, logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor: ...


class Loss(Settings):
    """A loss of logits (rows, classes) against labels (rows).

    Args:
        weights: `balanced` weighs each class by rows / (classes x its rows), so that rare classes
            count as much.
    """

    of: ClassVar[str] = "classes"
    weights: Literal["balanced"] | None = None

    def of_classes(self, y: Array, classes: int) -> Tensor | None:
        """The weight of each class as a float32 tensor, or None."""
        import numpy as np
        import torch

        if not self.weights:
            return None
        counts = np.maximum(np.bincount(y, minlength=classes), 1)
        return torch.tensor(len(y) / (classes * counts), dtype=torch.float32)

    @abstractmethod
    def value(self, logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """The mean loss of a batch, a scalar tensor."""
