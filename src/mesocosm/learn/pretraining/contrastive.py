"""Contrastive pretraining: a text is near itself under dropout, and far from the others of its batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from mesocosm.learn.pretraining.objective import Objective, Words


class Contrastive(Objective):
    """Two passes of a text under dropout must find each other among the batch.

    Args:
        heat: what cosines are divided by.

    Source: Gao et al. 2021, arXiv 2104.08821 (SimCSE, unsupervised).

    >>> Contrastive().heat
    0.05
    """

    objective: Literal["contrastive"] = "contrastive"
    heat: float = Field(0.05, gt=0, le=1)

    def net(self, encoder: Any, facts: Mapping[str, Any]) -> Any:
        """The encoder with mean pooling."""
        from mesocosm.learn.encode import Trunk

        del facts
        return Trunk(encoder)

    def loss(self, net: Any, ids: Any, mask: Any, words: Words, draw: Any, targets: Any) -> Any:
        """Cross-entropy of finding a text's twin."""
        import torch

        del words, draw, targets
        one, two = net(ids, mask), net(ids, mask)
        return torch.nn.functional.cross_entropy(one @ two.T / self.heat, torch.arange(len(ids)))
