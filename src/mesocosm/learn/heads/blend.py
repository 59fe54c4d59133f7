"""Blend: the mean of the probabilities of a kernel head and a linear head. Knows the two only."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesocosm.learn.heads.kernel import KernelRidge, log_loss
from mesocosm.learn.heads.linear import Linear

Array = np.ndarray[Any, Any]


def softmax(logits: Array) -> Array:
    """Probabilities of logits (rows, classes)."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


class Blend:
    """The mean of two fitted heads; its left-out loss is that of the mean of their left-out scores.

    Source: Breiman 1996, Stacked Regressions, with equal weights.
    """

    name = "blend"

    def __init__(self, kernel: KernelRidge, linear: Linear) -> None:
        self.parts = (kernel, linear)
        self.settings = {f"{head.name}.{key}": value for head in self.parts for key, value in head.settings.items()}
        self.loss = np.inf
        if np.isfinite(linear.loss) and len(kernel.left_out) == len(linear.left_out):
            self.loss = log_loss(self._mean([h.left_out for h in self.parts]), kernel.y_left)

    def _mean(self, logits: list[Array]) -> Array:
        return np.asarray(np.log(np.maximum(sum(softmax(x) for x in logits) / len(logits), 1e-13)))

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return self._mean([head.logits(text, table) for head in self.parts])

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds, a dict a part."""
        return [tensors for head in self.parts for tensors in head.tensors()]
