"""Late fusion: a head that sees the texts only and one that sees the table only, and how much each
is believed.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from mesocosm.learning.heads.blend import Blend
from mesocosm.learning.heads.folds import Groups
from mesocosm.learning.heads.kernel import loss_for

Array = np.ndarray[Any, Any]
BELIEFS = tuple(round(0.05 * i, 2) for i in range(1, 20))


class Blind:
    """A head that is shown one kind of input, in the place of one that is shown all.

    Args:
        head: fitted with the other kind at no width.
        sees: which kind it is shown.
        other: the width of what it does not see.
    """

    def __init__(self, head: Any, sees: Literal["text", "table"], other: int) -> None:
        self.head, self.sees, self.other = head, sees, other
        self.name, self.settings, self.loss = f"{head.name} on the {sees}", head.settings, head.loss
        self.left_out, self.y_left = head.left_out, head.y_left

    def shown(self, text: Array, table: Array) -> tuple[Array, Array]:
        """What it is shown of both."""
        return (text, table[:, :0]) if self.sees == "text" else (text[:, :0], table)

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Blind:
        """Another, fitted on other rows."""
        return Blind(
            self.head.again(*self.shown(text, table), y, classes, seed, groups),
            self.sees,
            self.other,
        )

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        return np.asarray(self.head.logits(*self.shown(text, table)))

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds; linear weights are nothing for what is not seen."""
        found = []
        for tensors in self.head.tensors():
            if "weights" in tensors:
                none = np.zeros((self.other, tensors["weights"].shape[1]), np.float32)
                both = (
                    (tensors["weights"], none)
                    if self.sees == "text"
                    else (none, tensors["weights"])
                )
                tensors = tensors | {"weights": np.vstack(both)}
            found.append(tensors)
        return found

    def shares(self) -> list[float]:
        """How much each of `tensors` counts."""
        return shares(self.head)


class Late(Blend):
    """What two heads say, each weighed by a share that the left-out rows choose.

    Args:
        parts: one that sees the texts and one that sees the table.
        belief: the share of the first; chosen for the lowest left-out loss where it is None.

    Source: Snoek et al. 2005, ACM Multimedia (early and late fusion); Breiman 1996, Stacked
    Regressions.
    """

    def __init__(self, *parts: Any, classes: int = 2, belief: float | None = None) -> None:
        self.belief = 0.5 if belief is None else belief
        super().__init__(*parts, classes=classes)
        self.name = ", ".join(head.name for head in parts)
        if belief is None and np.isfinite(self.loss):
            losses = {}
            for share in BELIEFS:
                self.belief = share
                losses[share] = loss_for(self.y_left, classes)(
                    self._mean([h.left_out for h in parts]), self.y_left
                )
            self.belief = min(losses, key=lambda s: losses[s])
            self.left_out, self.loss = self._mean([h.left_out for h in parts]), losses[self.belief]
        self.settings = self.settings | {"belief_in_text": self.belief}

    def _beliefs(self, count: int) -> list[float]:
        del count
        return [self.belief, 1 - self.belief]

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Late:
        """Another with the same beliefs, fitted on other rows."""
        return Late(
            *(head.again(text, table, y, classes, seed, groups) for head in self.parts),
            classes=classes,
            belief=self.belief,
        )


def shares(head: Any) -> list[float]:
    """How much each of a head's `tensors` counts in what it says; they add up to 1."""
    if isinstance(head, Blend):
        return [
            belief * share
            for part, belief in zip(head.parts, head._beliefs(len(head.parts)), strict=True)
            for share in shares(part)
        ]
    return list(head.shares()) if hasattr(head, "shares") else [1.0]
