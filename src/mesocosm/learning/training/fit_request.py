"""What a fit takes and gives. Knows the settings and the dataset by part; fits nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np

from mesocosm.learning.arrays import Array, Floats, Ints
from mesocosm.learning.base_models import Base
from mesocosm.learning.features.splits import Splits
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.heads.head import Head
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.continual import PreviousVersion
from mesocosm.learning.strategies.domain_adaptation import SourceModel
from mesocosm.learning.tasks.vision.features import ImageFeatures
from mesocosm.learning.training.loop.records import History

if TYPE_CHECKING:
    from mesocosm.learning.features.embeddings import Trunk

OnEpoch: TypeAlias = Callable[[int, float], None]  # an epoch's number and its validation loss
Features: TypeAlias = dict[str, Array]  # by part of the split, (rows, width)


@runtime_checkable
class HasWeights(Protocol):
    """What is one product with its features."""

    weights: Floats
    bias: Floats


class LinearHead(Head, HasWeights, Protocol):
    """A head whose weights can be trained further."""


@dataclass(frozen=True)
class FitRequest:
    """What to fit, on what, and where its files go.

    Args:
        model: the settings.
        parts: the dataset by part of the split.
        base: the base model of the texts, if any.
        store: the folder `.mesocosm`, where features are cached.
        checkpoint: the folder of the checkpoint; none is written without it.
        folder: the version's folder; a fine-tuned image base and the weights of a continual model
            are written into it.
        past: the earlier version that a continual model starts from.
        sight: features of the images, if any input is an image.
        init_from: the model that a domain-adapted head starts from.
    """

    model: Model
    parts: Splits
    base: Base | None
    store: Path
    checkpoint: Path | None = None
    folder: Path | None = None
    past: PreviousVersion | None = None
    sight: ImageFeatures | None = None
    init_from: SourceModel | None = None

    @property
    def tuning(self) -> Gradient:
        """The settings of fine-tuning, where a base is fine-tuned."""
        assert isinstance(self.model.fine_tune, Gradient)
        return self.model.fine_tune

    @property
    def fits_head_only(self) -> bool:
        """Whether every base stays frozen."""
        return isinstance(self.model.fine_tune, Frozen) or not (self.base or self.sight)

    @property
    def groups(self) -> Ints | None:
        """The group of each training row, where rows of one group stay in one fold."""
        return self.parts.groups.get("train")


@dataclass(frozen=True)
class FitResult:
    """A fitted head, the fine-tuned trunk under it (None where the base stayed frozen), the epochs
    and the features that the head takes.
    """

    head: Head
    trunk: Trunk | None
    history: History
    features: Features


def empty_features(parts: Splits) -> Features:
    """Features of no width."""
    return no_features(parts.where)


def no_features(rows: Mapping[str, Sized]) -> Features:
    """Features of no width for so many rows of each part."""
    return {part: np.zeros((len(of), 0), np.float32) for part, of in rows.items()}


def stack_features(left: Mapping[str, Array], right: Mapping[str, Array]) -> Features:
    """Features side by side, by part."""
    return {p: np.hstack([x, right[p]]) for p, x in left.items()}
