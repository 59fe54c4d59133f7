"""Blend: the mean of what is said by several fitted heads. Knows what a head gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesocosm.learning.heads.folds import Groups
from mesocosm.learning.heads.kernel import loss_for

Array = np.ndarray[Any, Any]


def softmax(logits: Array) -> Array:
    """Probabilities of logits (rows, classes)."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def sigmoid(logits: Array) -> Array:
    """The probability of each label of logits (rows, labels)."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))


class Mean:
    """What says the mean of several: of probabilities, or of numbers."""

    classes: int
    many: bool

    def _beliefs(self, count: int) -> list[float]:
        """How much each part counts."""
        return [1 / count] * count

    def _mean(self, logits: list[Array]) -> Array:
        say = (lambda x: x) if not self.classes else sigmoid if self.many else softmax
        mean = np.asarray(
            sum(
                say(x) * belief
                for x, belief in zip(logits, self._beliefs(len(logits)), strict=True)
            )
        )
        if not self.classes:
            return mean
        if self.many:
            p = np.clip(mean, 1e-9, 1 - 1e-9)
            return np.asarray(np.log(p / (1 - p)))
        return np.asarray(np.log(np.maximum(mean, 1e-13)))


class Blend(Mean):
    """The mean of fitted heads; its left-out loss is that of the mean of their left-out scores.

    Args:
        parts: heads fitted on the same rows; the first one's `y_left` are the labels of the rows
            left out.
        classes: 0 where they say a number, whose mean is taken; else the mean of probabilities is.

    Source: Breiman 1996, Stacked Regressions, with equal weights.
    """

    def __init__(self, *parts: Any, classes: int = 2) -> None:
        self.classes = classes
        self.parts = parts
        self.name = " + ".join(head.name for head in parts)
        self.settings = {
            f"{head.name}.{key}": value for head in parts for key, value in head.settings.items()
        }
        self.loss, self.many = np.inf, parts[0].y_left.ndim == 2
        if (
            all(np.isfinite(h.loss) for h in parts)
            and len({len(h.left_out) for h in parts}) == 1
            and len(parts[0].left_out)
        ):
            self.left_out, self.y_left = (
                self._mean([h.left_out for h in self.parts]),
                parts[0].y_left,
            )
            self.loss = loss_for(self.y_left, classes)(self.left_out, self.y_left)

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Blend:
        """Another of the same kinds, fitted on other rows."""
        return Blend(
            *(head.again(text, table, y, classes, seed, groups) for head in self.parts),
            classes=classes,
        )

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return self._mean([head.logits(text, table) for head in self.parts])

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds, a dict a part."""
        return [tensors for head in self.parts for tensors in head.tensors()]
