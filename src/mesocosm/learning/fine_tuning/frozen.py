"""Frozen: the base stays as it is, its features are computed once, and a head is fitted on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from mesocosm.core.settings import Settings
from mesocosm.learning.fine_tuning.layers import freeze

if TYPE_CHECKING:
    from torch import nn


class Frozen(Settings):
    """Leave every weight of the base as it is and fit a head on its features.

    Args:
        head: `kernel` (ridge on a product of RBF kernels), `linear` (logistic regression), `boost`
            (boosted trees over numbers and categories), `mlp` (embeddings and two hidden layers),
            `attention` (FT-Transformer, texts a token of their own), or `auto`: the lowest held-out
            log-loss of the first three and of their means.

    Source: Razavian et al. 2014, arXiv 1403.6382.

    >>> Frozen().head
    'auto'
    """

    short: ClassVar[str] = "method"
    method: Literal["frozen"] = "frozen"
    head: Literal["auto", "kernel", "linear", "boost", "mlp", "attention"] = "auto"

    def attach(self, base: nn.Module) -> nn.Module:
        """The base with no weight to train."""
        return freeze(base)
