"""Last layers: the top layers are trained, on states of the lower ones that are computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import freeze, layers_of, set_trainable

if TYPE_CHECKING:
    from torch import nn


class Last(Gradient):
    """Train the last layers. The states under them are computed once without dropout and kept in
    the store.

    Args:
        layers: how many layers train.

    Raises:
        ConfigValueError: the base has fewer layers.

    Source: Lee et al. 2019, arXiv 1911.03090.

    >>> Last(layers=2).layers
    2
    """

    method: Literal["last"] = "last"
    layers: int = Field(2, ge=1, le=1000)

    def attach(self, base: nn.Module) -> nn.Module:
        """The base with its top layers set to train."""
        freeze(base)
        layers = layers_of(base)[1]
        if self.layers > len(layers):
            raise ConfigValueError(
                "fine_tune.layers",
                Message("learning.base_layers", layers=len(layers)),
                Message("learning.layer_number", layers=len(layers)),
            )
        for layer in layers[len(layers) - self.layers :]:
            set_trainable(layer, True)
        return base
