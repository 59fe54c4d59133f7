"""Questions and answers through one trunk, trained to find each other in a batch. Knows torch."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from mesocosm.learning.arrays import Array
from mesocosm.learning.features.embeddings import Trunk, to_float
from mesocosm.learning.training.loop.rows import TrainableNet


class PairEncoder(TrainableNet):
    """A trunk that encodes both sides of each row: unit vectors (rows, 2, width)."""

    def __init__(self, trunk: Trunk, heat: float = 0.05) -> None:
        super().__init__()
        self.trunk = trunk
        self.weights = nn.Parameter(
            torch.zeros(1, 1), requires_grad=False
        )  # a head has some; here there is none
        self.measure = InBatchLoss(heat)
        self.anchor = None  # what holds the weights near where they were

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, table: torch.Tensor, mix: None = None
    ) -> torch.Tensor:
        """Features of both sides; `table` (rows, 1) says where the question ends in the ids, and
        `mix` is not read.
        """
        del mix
        ends, whole = table[:, 0].long(), mask.sum(1)
        at = torch.arange(ids.shape[1])[None]
        sides: list[torch.Tensor] = []
        for first, length in ((torch.zeros_like(ends), ends), (ends, whole - ends)):
            take = (first[:, None] + at).clamp(max=ids.shape[1] - 1)
            seen = (at < length[:, None]).to(mask.dtype)[:, : int(length.max())]
            sides.append(self.trunk(torch.gather(ids, 1, take)[:, : seen.shape[1]] * seen, seen))
        return torch.stack(sides, 1)


class InBatchLoss:
    """Cross-entropy of finding one's own answer among those of a batch; the same answer in another
    row is no mistake.

    Source: Henderson et al. 2017, arXiv 1705.00652 (in-batch negatives).
    """

    of: ClassVar[str] = "pairs"

    def __init__(self, heat: float) -> None:
        self.heat = heat

    def of_classes(self, y: Array, classes: int) -> None:
        """Answers have no class weights."""

    def value(
        self, sides: torch.Tensor, y: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        """The mean loss of vectors (rows, 2, width) with the numbers of their answers, a scalar
        tensor.
        """
        del weights
        return self.of_rows(sides, y).mean()

    def of_rows(self, sides: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The loss of each row (rows)."""
        near = to_float(sides[:, 0] @ sides[:, 1].T) / self.heat
        same = (y[:, None] == y[None]) & ~torch.eye(len(y), dtype=torch.bool)
        return nn.functional.cross_entropy(
            near.masked_fill(same, -1e4), torch.arange(len(y)), reduction="none"
        )
