"""What the training loop runs on: rows, batches of them, and a trunk with a head. Knows torch."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from mesocosm.learning.augmentation.text import Words
from mesocosm.learning.features.embeddings import pad
from mesocosm.learning.tasks.vision.pixels import ImageLoader

Array = np.ndarray[Any, Any]


@dataclass
class TrainingRows:
    """Rows to train on: token ids, states of lower layers or images (which `eyes` load), the table
    features and the labels.
    """

    ids: Sequence[Any]
    table: Array
    y: Array
    words: Words | None = None
    eyes: ImageLoader | None = None

    def batch(self, ids: Sequence[Any], pick: Sequence[int], kind: Any) -> list[torch.Tensor]:
        """The net's input for the picked rows and its mask, floating-point numbers as `kind`.

        Args:
            ids: the rows' own ids, or augmented ones.
        """
        picked = [ids[i] for i in pick]
        tensors = self.eyes.load(picked) if self.eyes else pad(picked)
        return [x.to(kind) if x.is_floating_point() else x for x in tensors]


class TrainableNet(nn.Module):
    """What the trainer asks of a net: a trunk, whose `net` the fine-tuning method adjusts, and the
    weights of a head, of which the last dimension counts the outputs.
    """

    trunk: Any
    weights: nn.Parameter
    anchor: Any


class TrunkWithHead(TrainableNet):
    """A trunk and a linear head over its features and the table features.

    Args:
        first: how many table columns come before the trunk's features.
        pace: the factor of the learning rate for the head.
    """

    def __init__(
        self,
        trunk: Any,
        weights: Array,
        bias: Array,
        dropout: float,
        first: int = 0,
        pace: float = 1.0,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.first = first
        self.pace = pace
        self.drop = nn.Dropout(dropout)
        self.weights = nn.Parameter(torch.tensor(weights))
        self.bias = nn.Parameter(torch.tensor(bias))
        self.anchor: Any = None  # elastic weight consolidation, in continual learning

    def forward(
        self,
        ids: torch.Tensor,
        mask: torch.Tensor,
        table: torch.Tensor,
        mix: tuple[float, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """Logits (rows, classes).

        Args:
            mix: mixup: the share of each row's own features, and the order of the rows that the
                other share comes from.
        """
        x = torch.cat([table[:, : self.first], self.trunk(ids, mask), table[:, self.first :]], 1)
        if mix is not None:
            x = mix[0] * x + (1 - mix[0]) * x[mix[1]]
        features: torch.Tensor = self.drop(x)
        return features @ self.weights + self.bias


def bucket_batches(
    lengths: Sequence[int], batch: int, seed: int, windows: int = 50
) -> list[list[int]]:
    """Batches of row numbers, rows of similar length together: shuffled, sorted within windows of
    `windows` batches, shuffled again.
    """
    rng = random.Random(seed)
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches: list[list[int]] = []
    for start in range(0, len(order), batch * windows):
        window = sorted(order[start : start + batch * windows], key=lambda i: lengths[i])
        batches += [window[i : i + batch] for i in range(0, len(window), batch)]
    rng.shuffle(batches)
    return batches


def as_target(y: Array, kind: Any = torch.float32) -> torch.Tensor:
    """Targets as a tensor: class numbers as integers, numbers as `kind`."""
    if y.dtype.kind == "f":
        return torch.tensor(y, dtype=kind)
    return torch.tensor(y)
