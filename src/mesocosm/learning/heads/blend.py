"""Blend: the mean of the predictions of several fitted heads. Knows what a head returns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mesocosm.learning.arrays import Array
from mesocosm.learning.heads.head import Groups, Head, HeadSettings, Tensors
from mesocosm.learning.heads.kernel import select_loss


def softmax(logits: Array) -> Array:
    """Probabilities of logits (rows, classes)."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def sigmoid(logits: Array) -> Array:
    """The probability of each label of logits (rows, labels)."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))


class MeanPrediction:
    """A prediction that is the weighted mean of several: of probabilities, or of numbers."""

    classes: int
    many: bool

    def _beliefs(self, count: int) -> list[float]:
        """The weight of each part."""
        return [1 / count] * count

    def _activate(self, logits: Array) -> Array:
        """Logits as probabilities; numbers as they are."""
        if not self.classes:
            return logits
        if self.many:
            return sigmoid(logits)
        return softmax(logits)

    def _mean(self, logits: list[Array]) -> Array:
        weights = self._beliefs(len(logits))
        weighted = [self._activate(x) * w for x, w in zip(logits, weights, strict=True)]
        mean: Array = np.asarray(sum(weighted))
        if not self.classes:
            return mean
        if self.many:
            p = np.clip(mean, 1e-9, 1 - 1e-9)
            return np.asarray(np.log(p / (1 - p)))
        return np.asarray(np.log(np.maximum(mean, 1e-13)))


class Blend(MeanPrediction):
    """The mean of fitted heads; its cross-validated loss is that of the mean of their held-out
    scores.

    Args:
        parts: heads fitted on the same rows; the first one's `y_left` are the labels of the rows
            left out.
        classes: 0 for regression, where values are averaged; else probabilities are.

    Source: Breiman 1996, Stacked Regressions, with equal weights.
    """

    def __init__(self, *parts: Head, classes: int = 2) -> None:
        self.classes = classes
        self.parts = parts
        self.name = " + ".join(head.name for head in parts)
        self.settings: HeadSettings = _join_settings(parts)
        self.loss, self.many = np.inf, parts[0].y_left.ndim == 2
        self.left_out: Array
        self.y_left: Array
        if _are_comparable(parts):
            self.left_out = self._mean([head.left_out for head in parts])
            self.y_left = parts[0].y_left
            self.loss = select_loss(self.y_left, classes)(self.left_out, self.y_left)

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Blend:
        """A blend of the same kinds, fitted on other rows."""
        parts = [head.again(text, table, y, classes, seed, groups) for head in self.parts]
        return Blend(*parts, classes=classes)

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return self._mean([head.logits(text, table) for head in self.parts])

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph, a dict per part."""
        tensors: list[Tensors] = []
        for head in self.parts:
            tensors += head.tensors()
        return tensors


def _join_settings(heads: Sequence[Head]) -> HeadSettings:
    """The settings of several heads, each under the head's name."""
    joined: HeadSettings = {}
    for head in heads:
        joined |= {f"{head.name}.{key}": value for key, value in head.settings.items()}
    return joined


def _are_comparable(heads: Sequence[Head]) -> bool:
    """Whether all heads left the same rows out, so that their held-out scores have a mean."""
    if not all(np.isfinite(head.loss) for head in heads):
        return False
    counts = {len(head.left_out) for head in heads}
    return len(counts) == 1 and 0 not in counts
