"""Gradual unfreezing: layers are unfrozen from the top down, lower ones at lower rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.fine_tuning.full import Full
from mesocosm.learning.fine_tuning.layers import depth_of, layers_of, set_trainable

if TYPE_CHECKING:
    from torch import nn


class Gradual(Full):
    """Train the top layers first and unfreeze more each epoch; a layer's rate is `decay` times that
    of the one above.

    Args:
        free: how many layers more each epoch; the first epoch trains that many.
        decay: from one layer's rate to that of the layer below.

    Source: Howard and Ruder 2018, arXiv 1801.06146.

    >>> Gradual().decay
    0.8
    """

    method: Literal["gradual"] = "gradual"  # type: ignore[assignment]
    learning_rate: float = Field(2e-4, gt=0, le=10)
    free: int = Field(2, ge=1, le=1000)
    decay: float = Field(0.8, gt=0, le=1)

    def enter(self, net: nn.Module, epoch: int) -> None:
        """Unfreeze as many layers as the epoch is due."""
        layers = layers_of(net)[1]
        for number, layer in enumerate(layers):
            set_trainable(layer, number >= len(layers) - self.free * (epoch + 1))

    def pace(self, name: str, layers: int) -> float:
        """`decay` to the power of the layers above."""
        depth = depth_of(name)
        if depth is None:
            return 1.0
        factor: float = self.decay ** (layers - 1 - depth)
        return factor
