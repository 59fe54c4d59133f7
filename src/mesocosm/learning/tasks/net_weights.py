"""How many weights a net has, as training announces them. Knows torch's nets by their methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def count_weights(net: nn.Module) -> int:
    """All weights of a net."""
    return sum(weight.numel() for weight in net.parameters())


def count_trainable(net: nn.Module) -> int:
    """The weights of a net that are trained."""
    return sum(weight.numel() for weight in net.parameters() if weight.requires_grad)
