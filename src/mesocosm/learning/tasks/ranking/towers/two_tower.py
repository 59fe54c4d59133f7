"""Two towers as they are served: an item's vector from its text and from who touched it, a person's
from the items they touched. Knows numpy; `tower_training` trains them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Floats
from mesocosm.learning.tasks.ranking.features import History, fade_steps

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FADES = (0.5, 0.85, 1.0)  # decay per step back in a history: recent, medium, all of it alike
MAX_HISTORY = 200  # newest items of a history that are read
FULL_SOFTMAX_ITEMS = 20_000  # items up to which the softmax is over all of them
SAMPLED_ITEMS = 4_096  # items that it is over beyond
NET = ("w1", "b1", "w2", "b2")


@dataclass
class TwoTowerModel:
    """Trained towers.

    Args:
        items: a vector per item, its popularity bias as the last number (items, width + 1).
        own: the vector trained for each item itself (items, width), to continue from.
        read: from an item's text features to its vector (text width, width).
        net: the weights over a person's means, by the names of `NET`.
    """

    items: Floats
    own: Floats
    read: Floats
    net: dict[str, Floats]

    def people(self, histories: Sequence[History]) -> Floats:
        """A vector of each person's history (people, width + 1): its product with an item's is the
        item's score.
        """
        width = self.items.shape[1] - 1
        means: list[Floats] = [np.zeros((len(histories), width)) for _ in FADES]
        for row, history in enumerate(histories):
            newest = list(history)[-MAX_HISTORY:]
            if not newest:
                continue
            touched: Floats = self.items[newest, :width] * width**0.5
            for mean, fade in zip(means, FADES, strict=True):
                weights = fade_steps(fade, len(newest))
                mean[row] = weights @ touched / weights.sum()
        inner: Floats = np.concatenate(means, 1) @ self.net["w1"].T + self.net["b1"]
        curved = _gelu(inner)
        vectors: Floats = sum(means) + curved @ self.net["w2"].T + self.net["b2"]
        return np.concatenate([vectors, np.ones((len(histories), 1))], 1)

    def fill_cold(self, by: csr_matrix | None) -> TwoTowerModel:
        """The towers with the vectors of untouched items taken from their neighbours (see
        `features.cold_start_matrix`).
        """
        if by is None:
            return self
        items = np.asarray(by.T @ self.items, np.float32)
        return TwoTowerModel(items, self.own, self.read, self.net)

    def arrays(self) -> dict[str, Floats]:
        """All its arrays by name."""
        return {
            "towers.items": self.items,
            "towers.own": self.own,
            "towers.read": self.read,
            **{f"towers.{k}": v for k, v in self.net.items()},
        }

    @classmethod
    def of(cls, arrays: Mapping[str, Floats]) -> TwoTowerModel | None:
        """Towers from arrays by name; None where there are none."""
        if "towers.items" not in arrays:
            return None
        return cls(
            arrays["towers.items"],
            arrays["towers.own"],
            arrays["towers.read"],
            {name: arrays[f"towers.{name}"] for name in NET},
        )


def _gelu(x: Floats) -> Floats:
    """The activation of the net, by its approximation with the hyperbolic tangent."""
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
