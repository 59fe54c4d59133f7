"""All that speaks for items, weighed: the same code scores when it is judged and when it serves. Knows the parts, arrays and one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learn.ranking.parts import (
    FADES,
    NAMES,
    History,
    alike,
    faded,
    following,
    level,
    standing,
    together,
    touched,
)

Array = np.ndarray[Any, Any]
FILE = "ranker.safetensors"
SQUARE = ("together", "next", "alike")


@dataclass
class Scorer:
    """Items scored for somebody's history.

    Args:
        square: matrices (items, items) by the names of `parts.SQUARE`.
        counts: how often each item was touched.
        vectors: what is said of each item, unit vectors (items, width), or of no width.
        weights: how much each of `parts.NAMES` counts.
    """

    square: dict[str, Array]
    counts: Array
    vectors: Array
    weights: Array

    @classmethod
    def fit(cls, histories: Sequence[History], items: int, vectors: Array, strength: float) -> Scorer:
        """All parts from what was done; weights are still equal."""
        x = touched(histories, items)
        square = {"together": together(x, strength), "next": following(histories, items), "alike": alike(x)}
        return cls(square, np.asarray(x.sum(0)).reshape(-1), vectors, np.ones(len(NAMES)))

    def parts(self, histories: Sequence[History]) -> Array:
        """What each part says, levelled (names, people, items)."""
        items = len(self.counts)
        said = [np.asarray(faded(histories, items, FADES[name]) @ self.square[name], float) for name in SQUARE]
        said.append(np.tile(np.log1p(self.counts), (len(histories), 1)))
        if self.vectors.shape[1]:
            said = [standing(one, self.vectors, self.counts == 0) for one in said]
            said.append((faded(histories, items, FADES["said"]) @ self.vectors) @ self.vectors.T)
        else:
            said.append(np.zeros_like(said[0]))
        return np.stack([level(one) for one in said])

    def scores(self, histories: Sequence[History]) -> Array:
        """Scores (people, items)."""
        return np.asarray(np.tensordot(self.weights, self.parts(histories), 1))

    def because(self, history: History, item: int) -> int | None:
        """The touched item that speaks most for another; None where nothing was touched or it speaks against it."""
        if not len(history):
            return None
        fade = FADES["together"] ** np.arange(len(history) - 1, -1, -1)
        share = fade * self.square["together"][list(history), item]
        if self.counts[item] == 0 and self.vectors.shape[1]:
            share = fade * (self.vectors[list(history)] @ self.vectors[item])
        return int(history[int(share.argmax())]) if share.max() > 0 else None

    def save(self, folder: Path) -> None:
        """Write it into a version's folder."""
        from safetensors.numpy import save_file

        held = {**self.square, "counts": self.counts, "vectors": self.vectors, "weights": self.weights}
        save_file({k: np.ascontiguousarray(v) for k, v in held.items()}, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Read it again."""
        from safetensors.numpy import load_file

        held = load_file(folder / FILE)
        return cls({n: held[n] for n in SQUARE}, held["counts"], held["vectors"], held["weights"])
