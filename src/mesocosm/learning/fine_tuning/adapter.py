"""Adapter: a small net after each attention and each feed-forward block. Knows torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import block_ends, freeze

if TYPE_CHECKING:
    from torch import Tensor, nn


class Adapter(Gradient):
    """Train bottlenecks y + U gelu(D y), D (width, hidden) and U (hidden, width), U beginning at 0.

    Args:
        width: of the bottleneck.
        where: `both` puts one after attention and one after the feed-forward block, `output` after
            the latter only.

    Source: Houlsby et al. 2019, arXiv 1902.00751; Pfeiffer et al. 2021, arXiv 2005.00247
    (`output`).

    >>> Adapter(width=16).where
    'both'
    """

    method: Literal["adapter"] = "adapter"
    learning_rate: float = Field(1e-3, gt=0, le=10)
    width: int = Field(48, ge=1, le=4096)
    where: Literal["both", "output"] = "both"

    def attach(self, base: nn.Module) -> nn.Module:
        """The base with bottlenecks in place; only they train."""
        from torch import nn

        class Bottleneck(nn.Module):
            def __init__(self, dense: nn.Linear, width: int) -> None:
                super().__init__()
                self.dense = dense
                self.down = nn.Linear(dense.out_features, width)
                self.up = nn.Linear(width, dense.out_features)
                nn.init.normal_(self.down.weight, std=0.01)
                nn.init.zeros_(self.up.weight)
                nn.init.zeros_(self.up.bias)

            def forward(self, x: Tensor) -> Tensor:
                y: Tensor = self.dense(x)
                narrow: Tensor = self.down(y)
                change: Tensor = self.up(nn.functional.gelu(narrow))
                return y + change

        freeze(base)
        for parent, name, dense in list(block_ends(base)):
            if self.where == "both" or dense.in_features > dense.out_features:
                setattr(parent, name, Bottleneck(dense, self.width))
        return base
