"""Full: every layer of the base is trained, its word embeddings apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.fine_tuning.layers import as_pretrained, set_trainable

if TYPE_CHECKING:
    from torch import nn


class Full(Gradient):
    """Train every layer, from a head fitted on the frozen features first.

    Args:
        embeddings: whether word embeddings are trained too; they are half of a small base.

    Source: Kumar et al. 2022, arXiv 2202.10054 (linear probing, then full tuning).

    >>> Full(epochs=2).epochs
    2
    """

    method: Literal["full"] = "full"
    embeddings: bool = False

    def attach(self, base: nn.Module) -> nn.Module:
        """The base with its layers set to train."""
        set_trainable(base, True)
        if getattr(base, "main_input_name", "") != "pixel_values":  # a base that sees has no words
            set_trainable(as_pretrained(base).get_input_embeddings(), self.embeddings)
        return base
