"""Heads over features that crowd: all vectors of a base lie near one direction, which says nothing.
The mean is taken from each, and what is left has length 1.

Source: Mu and Viswanath 2018, All-but-the-Top, ICLR.
"""

from __future__ import annotations

import numpy as np

from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.heads.head import Groups, Head, Tensors
from mesocosm.learning.heads.late_fusion import output_weights

CROWDED = 0.25  # spread of unit vectors, of minilm's 0.7 and more, under which they crowd
UNIT = 1e-3  # by which the length of a unit vector may differ from 1
SHORTEST = np.float32(1e-6)  # of a centered vector


def features_crowd(text: Array) -> bool:
    """Whether features are unit vectors, as a base gives of one text, and lie near one direction,
    as E5's do.
    """
    lengths: Floats = np.sqrt((text * text).sum(1))
    if np.abs(lengths - 1).max(initial=0.0) > UNIT:
        return False
    spread = float(((text - text.mean(0)) ** 2).sum(1).mean())
    return 0 < spread < CROWDED


def center_features(text: Array, center: Array) -> Floats:
    """Features without their center (rows, width), of length 1."""
    left: Floats = (text - center).astype(np.float32)
    lengths: Floats = np.sqrt((left * left).sum(1, keepdims=True))
    centered: Floats = left / np.maximum(lengths, SHORTEST)
    return centered


class CenteredHead:
    """A head over centered features, behind the interface of one that reads them as they are.

    Args:
        head: fitted on centered features.
        center: (width,), the mean of the training rows.
    """

    def __init__(self, head: Head, center: Floats) -> None:
        self.head, self.center = head, center
        self.name, self.settings, self.loss = head.name, head.settings, head.loss
        self.left_out, self.y_left = head.left_out, head.y_left

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> CenteredHead:
        """A head of the same kind, fitted on other rows and centered by them."""
        center = mean_features(text)
        head = self.head.again(center_features(text, center), table, y, classes, seed, groups)
        return CenteredHead(head, center)

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        return self.head.logits(center_features(text, self.center), table)

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph, each with the center."""
        return [tensors | {"center": self.center} for tensors in self.head.tensors()]

    def shares(self) -> list[float]:
        """The weight of each of `tensors`."""
        return output_weights(self.head)


def mean_features(text: Array) -> Floats:
    """The mean of rows of features, (width,)."""
    center: Floats = text.mean(0).astype(np.float32)
    return center
