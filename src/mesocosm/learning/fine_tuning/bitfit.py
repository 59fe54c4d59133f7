"""BitFit: only biases are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import freeze

if TYPE_CHECKING:
    from torch import nn


class Bitfit(Gradient):
    """Train the biases of the base and the head; every matrix stays.

    Raises:
        ConfigValueError: the base has no bias.

    Source: Ben Zaken et al. 2022, arXiv 2106.10199.

    >>> Bitfit().method
    'bitfit'
    """

    method: Literal["bitfit"] = "bitfit"
    learning_rate: float = Field(2e-3, gt=0, le=10)

    def attach(self, base: nn.Module) -> nn.Module:
        """The base with its biases set to train."""
        freeze(base)
        biases = [w for name, w in base.named_parameters() if name.endswith("bias")]
        if not biases:
            raise ConfigValueError(
                "fine_tune.method", Message("learning.no_bias"), Message("learning.another_method")
            )
        for bias in biases:
            bias.requires_grad_(True)
        return base
