"""Majority: the shares of classes, or the mean of a number, whatever the inputs say. The baseline
that every other head must beat.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mesocosm.learning.heads.folds import Groups
from mesocosm.learning.heads.kernel import loss_for

Array = np.ndarray[Any, Any]


class Majority:
    """Says the same of every row: each class's (or label's) share in the training rows, or their
    mean.

    A row's left-out score is what the rows of all other groups say; of classes, the shares of all
    rows, as in stratified folds.
    """

    name = "majority"

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Majority:
        """Another, fitted on other rows."""
        return Majority().fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Majority:
        """Count the rows; one half of a row is added to each class, so that none is impossible."""
        del seed
        whole = (
            y.astype(float)
            if y.ndim == 2
            else np.eye(classes)[y]
            if classes
            else y[:, None].astype(float)
        )
        _, number = np.unique(np.arange(len(y)) if groups is None else groups, return_inverse=True)
        size, own = np.bincount(number).astype(float), np.zeros((number.max() + 1, whole.shape[1]))
        np.add.at(own, number, whole)
        rest = len(y) - size[number]
        if classes and y.ndim == 1:
            held, rest_of = np.repeat(whole.sum(0)[None], len(y), 0), np.full((len(y), 1), len(y))
        else:
            held, rest_of = whole.sum(0) - own[number], rest[:, None]
        self.y_left, self.left_out = y, self._scores(held, rest_of, y, classes)
        self.loss = loss_for(y, classes)(self.left_out, y) if (rest > 0).all() else np.inf
        self.bias = self._scores(whole.sum(0)[None], np.array([[len(y)]]), y, classes)[0].astype(
            np.float32
        )
        self.weights = np.zeros((text.shape[1] + table.shape[1], len(self.bias)), np.float32)
        self.settings: dict[str, Any] = {}
        return self

    def _scores(self, sums: Array, rows: Array, y: Array, classes: int) -> Array:
        if not classes:
            return np.asarray(sums / np.maximum(rows, 1))
        share = (sums + 0.5) / (rows + (1 if y.ndim == 2 else 0.5 * classes))
        return np.asarray(np.log(share / (1 - share)) if y.ndim == 2 else np.log(share))

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        del table
        return np.repeat(self.bias[None].astype(float), len(text), 0)

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds: a linear head of no weights."""
        return [{"weights": self.weights, "bias": self.bias}]
