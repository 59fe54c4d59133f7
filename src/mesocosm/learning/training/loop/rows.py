"""What the training loop runs on: rows, batches of them, and a trunk with a head. Knows torch."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

import torch
from torch import nn

from mesocosm.learning.arrays import Array
from mesocosm.learning.augmentation.image import Picture
from mesocosm.learning.augmentation.text import Augment, Words
from mesocosm.learning.features.embeddings import pad
from mesocosm.learning.tasks.vision.pixels import ImageLoader

if TYPE_CHECKING:
    from mesocosm.learning.strategies.continual import Anchor

TokenRow: TypeAlias = Sequence[int] | Array  # the ids of a row's tokens, or states of them
ImageRow: TypeAlias = tuple[tuple[str | None, ...], str]  # a row's images, and a seed
Row: TypeAlias = TokenRow | ImageRow
Mix: TypeAlias = tuple[float, torch.Tensor]  # the share of each row's own, and the others' order


@dataclass
class TrainingRows:
    """Rows to train on: token ids, states of lower layers or images (which `eyes` load), the table
    features and the labels.
    """

    ids: Sequence[Row]
    table: Array
    y: Array
    words: Words | None = None
    eyes: ImageLoader | None = None

    def batch(
        self, ids: Sequence[Row], pick: Sequence[int], kind: torch.dtype
    ) -> list[torch.Tensor]:
        """The net's input for the picked rows and its mask, floating-point numbers as `kind`.

        Args:
            ids: the rows' own ids, or augmented ones.
        """
        picked = [ids[i] for i in pick]
        return [_cast_floats(x, kind) for x in self._load(picked)]

    def _load(self, rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor]:
        """The input of some rows, and its mask."""
        if self.eyes:
            return self.eyes.load(as_images(rows))
        return pad(as_tokens(rows))


def augment(
    rows: TrainingRows, augmentations: Sequence[Augment | Picture], seed: int
) -> Sequence[Row]:
    """The rows' tokens or images, augmented as the settings say."""
    if rows.eyes:
        return rows.eyes.reseed(as_images(rows.ids), seed)
    if not augmentations or rows.words is None:
        return rows.ids
    of_texts = [way for way in augmentations if isinstance(way, Augment)]
    return _augment_texts(as_token_ids(rows.ids), rows.words, of_texts, random.Random(seed))


def _augment_texts(
    rows: Sequence[Sequence[int]], words: Words, ways: Sequence[Augment], rng: random.Random
) -> list[list[int]]:
    """The rows' tokens, changed in each of the ways."""
    ids = [list(row) for row in rows]
    for way in ways:
        ids = [way.apply(row, words, rng) for row in ids]
    return ids


def as_images(rows: Sequence[Row]) -> Sequence[ImageRow]:
    """Rows that a loader of images goes with."""
    return cast(Sequence[ImageRow], rows)


def as_tokens(rows: Sequence[Row]) -> Sequence[TokenRow]:
    """Rows that no loader of images goes with."""
    return cast(Sequence[TokenRow], rows)


def as_token_ids(rows: Sequence[Row]) -> Sequence[Sequence[int]]:
    """Rows that a vocabulary goes with."""
    return cast(Sequence[Sequence[int]], rows)


def _cast_floats(x: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
    if x.is_floating_point():
        return x.to(kind)
    return x


class TrainableTrunk(Protocol):
    """The part of a net below its head; `net` is the base, which fine-tuning adjusts."""

    net: nn.Module

    def __call__(self, inputs: torch.Tensor, mask: torch.Tensor, /) -> torch.Tensor: ...


class TrainableNet(nn.Module):
    """What the trainer asks of a net: a trunk, whose `net` the fine-tuning method adjusts, and the
    weights of a head, of which the last dimension counts the outputs.
    """

    trunk: TrainableTrunk
    weights: nn.Parameter
    anchor: Anchor | None  # elastic weight consolidation, in continual learning


class TrunkWithHead(TrainableNet):
    """A trunk and a linear head over its features and the table features.

    Args:
        first: how many table columns come before the trunk's features.
        pace: the factor of the learning rate for the head.
    """

    def __init__(
        self,
        trunk: TrainableTrunk,
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
        self.anchor = None

    def forward(
        self,
        ids: torch.Tensor,
        mask: torch.Tensor,
        table: torch.Tensor,
        mix: Mix | None = None,
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


def as_target(y: Array, kind: torch.dtype = torch.float32) -> torch.Tensor:
    """Targets as a tensor: class numbers as integers, numbers as `kind`."""
    if y.dtype.kind == "f":
        return torch.tensor(y, dtype=kind)
    return torch.tensor(y)
