"""Late fusion: a head that reads the texts only and one that reads the table only, and the weight
of each.
"""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import numpy as np

from mesocosm.learning.arrays import Array
from mesocosm.learning.heads.blend import Blend
from mesocosm.learning.heads.head import Groups, Head, Tensors
from mesocosm.learning.heads.kernel import select_loss

JOINED = {"weights": 0, "first.weight": 1}  # weights of both inputs side by side, and where
TEXT_WEIGHTS = tuple(round(0.05 * i, 2) for i in range(1, 20))


class SingleInputHead:
    """A head that reads one kind of input, behind the interface of one that reads both.

    Args:
        head: fitted with the other kind at no width.
        sees: which kind it reads.
        other: the width of the kind that it does not read.
    """

    def __init__(self, head: Head, sees: Literal["text", "table"], other: int) -> None:
        self.head, self.sees, self.other = head, sees, other
        self.name, self.settings, self.loss = f"{head.name} on the {sees}", head.settings, head.loss
        self.left_out, self.y_left = head.left_out, head.y_left

    def select(self, text: Array, table: Array) -> tuple[Array, Array]:
        """Both inputs, with the one it does not read at no width."""
        if self.sees == "text":
            return text, table[:, :0]
        return text[:, :0], table

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> SingleInputHead:
        """A head of the same kind, fitted on other rows."""
        head = self.head.again(*self.select(text, table), y, classes, seed, groups)
        return SingleInputHead(head, self.sees, self.other)

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        return self.head.logits(*self.select(text, table))

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph; linear weights of the input not read are zeros."""
        return [self._widen(tensors) for tensors in self.head.tensors()]

    def _widen(self, tensors: Tensors) -> Tensors:
        """Tensors whose weights of both inputs, if any, are zeros for the other input."""
        widened = dict(tensors)
        for name, axis in JOINED.items():
            if name in tensors:
                widened[name] = self._add_zeros(tensors[name], axis)
        return widened

    def _add_zeros(self, weights: Array, axis: int) -> Array:
        """Weights with zeros for the other input, along the axis of both inputs."""
        shape = list(weights.shape)
        shape[axis] = self.other
        zeros = np.zeros(shape, np.float32)
        both: tuple[Array, Array] = (zeros, weights)
        if self.sees == "text":
            both = (weights, zeros)
        return np.concatenate(both, axis)

    def shares(self) -> list[float]:
        """The weight of each of `tensors`."""
        return output_weights(self.head)


class LateFusion(Blend):
    """The weighted mean of two heads; the weight has the lowest loss on the rows left out.

    Args:
        parts: one that reads the texts and one that reads the table.
        belief: the weight of the first, 0 to 1; chosen for the lowest cross-validated loss where
            it is None.

    Source: Snoek et al. 2005, ACM Multimedia (early and late fusion); Breiman 1996, Stacked
    Regressions.
    """

    def __init__(self, *parts: Head, classes: int = 2, belief: float | None = None) -> None:
        self.belief = 0.5 if belief is None else belief
        super().__init__(*parts, classes=classes)
        self.name = ", ".join(head.name for head in parts)
        if belief is None and np.isfinite(self.loss):
            self._choose_weight()
        self.settings = self.settings | {"belief_in_text": self.belief}

    def _choose_weight(self) -> None:
        """Choose the weight of the texts that has the lowest loss on the rows left out."""
        loss_of = select_loss(self.y_left, self.classes)
        left_out = [head.left_out for head in self.parts]
        losses = {}
        for share in TEXT_WEIGHTS:
            self.belief = share
            losses[share] = loss_of(self._mean(left_out), self.y_left)
        self.belief = min(losses, key=lambda share: losses[share])
        self.left_out, self.loss = self._mean(left_out), losses[self.belief]

    def _beliefs(self, count: int) -> list[float]:
        del count
        return [self.belief, 1 - self.belief]

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> LateFusion:
        """A head of the same weights, fitted on other rows."""
        parts = [head.again(text, table, y, classes, seed, groups) for head in self.parts]
        return LateFusion(*parts, classes=classes, belief=self.belief)


@runtime_checkable
class Shared(Protocol):
    """A head that weighs its `tensors` itself."""

    def shares(self) -> list[float]:
        """The weight of each of `tensors`."""
        ...


def output_weights(head: Head) -> list[float]:
    """The weight of each of a head's `tensors` in its prediction; they add up to 1."""
    if isinstance(head, Shared):
        return list(head.shares())
    if not isinstance(head, Blend):
        return [1.0]
    weights: list[float] = []
    for part, belief in zip(head.parts, head._beliefs(len(head.parts)), strict=True):
        weights += [belief * share for share in output_weights(part)]
    return weights
