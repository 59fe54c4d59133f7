"""Majority: the shares of classes, or the mean of a number, whatever the inputs are. The baseline
that every other head must beat.
"""

from __future__ import annotations

import numpy as np

from mesocosm.learning.arrays import Array
from mesocosm.learning.heads.head import Groups, HeadSettings, Tensors
from mesocosm.learning.heads.kernel import encode_targets, select_loss


class Majority:
    """Predicts the same for every row: each class's (or label's) share in the training rows, or
    their mean.

    A row's held-out score comes from the rows of all other groups; of classes, the shares of all
    rows, as in stratified folds.
    """

    name = "majority"

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Majority:
        """A head of the same kind, fitted on other rows."""
        return Majority().fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Majority:
        """Count the rows; half a row is added to each class, so that none has probability 0."""
        del seed
        targets = encode_targets(y, classes).astype(np.float64)
        total: Array = targets.sum(0)
        if groups is None:
            groups = np.arange(len(y))
        _, number = np.unique(groups, return_inverse=True)
        size = np.bincount(number).astype(np.float64)
        sums = np.zeros((number.max() + 1, targets.shape[1]))
        np.add.at(sums, number, targets)
        rest = len(y) - size[number]
        if classes and y.ndim == 1:
            left_sums = np.repeat(total[None], len(y), 0)
            left_rows = np.full((len(y), 1), len(y), np.float64)
        else:
            left_sums, left_rows = total - sums[number], rest[:, None]
        self.y_left = y
        self.left_out = self._scores(left_sums, left_rows, y, classes)
        self.loss = np.inf
        if (rest > 0).all():
            self.loss = select_loss(y, classes)(self.left_out, y)
        scores = self._scores(total[None], np.array([[len(y)]]), y, classes)
        self.bias: Array = scores[0].astype(np.float32)
        self.weights = np.zeros((text.shape[1] + table.shape[1], len(self.bias)), np.float32)
        self.settings: HeadSettings = {}
        return self

    def _scores(self, sums: Array, rows: Array, y: Array, classes: int) -> Array:
        if not classes:
            return np.asarray(sums / np.maximum(rows, 1))
        if y.ndim == 2:
            share = (sums + 0.5) / (rows + 1)
            return np.asarray(np.log(share / (1 - share)))
        return np.asarray(np.log((sums + 0.5) / (rows + 0.5 * classes)))

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        del table
        return np.repeat(self.bias[None].astype(np.float64), len(text), 0)

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph: a linear head whose weights are zeros."""
        return [{"weights": self.weights, "bias": self.bias}]
