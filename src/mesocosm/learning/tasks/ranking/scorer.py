"""All that speaks for items, weighed: the same code scores when it is judged and when it serves.
Knows the parts, arrays and one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.tasks.ranking.ann_index import FILE as INDEX
from mesocosm.learning.tasks.ranking.ann_index import MOST, Near
from mesocosm.learning.tasks.ranking.features import (
    FADES,
    NAMES,
    History,
    alike,
    faded,
    following,
    level,
    standing,
    strongest,
    together,
    touched,
)
from mesocosm.learning.tasks.ranking.two_tower import Learnt

Array = np.ndarray[Any, Any]
FILE = "ranker.safetensors"
SQUARE = ("together", "next", "alike")
KEPT = 200  # items that are kept beside each, where there are many


@dataclass
class Scorer:
    """Items scored for somebody's history.

    Args:
        square: matrices (items, items) by the names of `parts.SQUARE`: arrays, or sparse where
            there are many items, and then without `together`.
        counts: how often each item was touched.
        vectors: what is said of each item, unit vectors (items, width), or of no width.
        weights: how much each of `parts.NAMES` counts.
        towers: vectors learnt by gradient.
        near: where there are many items, finds those that may be among the best.
        popular: the logarithm of how often each was touched, or those that stand for it.
    """

    square: dict[str, Any]
    counts: Array
    vectors: Array
    weights: Array
    towers: Learnt | None = None
    near: Near | None = None
    popular: Array | None = None

    @classmethod
    def fit(
        cls,
        histories: Sequence[History],
        items: int,
        vectors: Array,
        strength: float,
        towers: Learnt | None = None,
    ) -> Scorer:
        """All parts from what was done; weights are still equal. Items nobody touched stand where
        those they are said to be like stand.
        """
        x = touched(histories, items)
        counts = np.asarray(x.sum(0)).reshape(-1)
        by = standing(vectors, counts == 0)
        many = items > MOST
        square = {"next": following(histories, items), "alike": alike(x)} | (
            {} if many else {"together": together(x, strength)}
        )
        square = {n: m if by is None else m @ by for n, m in square.items()}
        square = {
            n: (
                strongest(m, KEPT)
                if many
                else np.asarray(m.todense() if hasattr(m, "todense") else m, np.float32)
            )
            for n, m in square.items()
        }
        made = cls(
            square,
            counts,
            vectors,
            np.ones(len(NAMES)),
            towers.stood(by) if towers else None,
            popular=_popular(counts, by),
        )
        if many:
            made.near = Near.fit(
                [
                    v
                    for v in (made.towers.items if made.towers else None, vectors)
                    if v is not None and v.shape[1]
                ]
            )
        return made

    def parts(self, histories: Sequence[History]) -> Array:
        """What each part says, levelled (names, people, items)."""
        items = len(self.counts)
        said = {
            n: np.asarray(_dense(faded(histories, items, FADES[n]) @ m), float)
            for n, m in self.square.items()
        }
        said["popular"] = np.tile(self._popular, (len(histories), 1))
        if self.vectors.shape[1]:
            said["said"] = (faded(histories, items, FADES["said"]) @ self.vectors) @ self.vectors.T
        if self.towers is not None:
            said["towers"] = self.towers.people(histories) @ self.towers.items.T
        none = np.zeros((len(histories), items))
        return np.stack([level(said.get(n, none)) for n in NAMES])

    def scores(self, histories: Sequence[History]) -> Array:
        """Scores (people, items); where there are many items, -inf for those that are not looked
        at.
        """
        if self.near is None:
            return np.asarray(np.tensordot(self.weights, self.parts(histories), 1))
        found = np.full((len(histories), len(self.counts)), -np.inf)
        for row, history in enumerate(histories):
            among, said = self.among(history)
            found[row, among] = self.weights @ said
        return found

    def among(self, history: History) -> tuple[Array, Array]:
        """The items that may be among somebody's best (n), and what each part says of them,
        levelled over all items (names, n).

        The levels are exact: the mean and deviation of products with a vector follow from the mean
            and covariance of the vectors.
        """
        assert self.near is not None
        items = len(self.counts)
        asked: list[Array] = [] if self.towers is None else [self.towers.people([history])]
        if self.vectors.shape[1]:
            asked.append(np.asarray(faded([history], items, FADES["said"]) @ self.vectors))
        rows = {n: (faded([history], items, FADES[n]) @ m).tocsr() for n, m in self.square.items()}
        which = np.unique(
            np.concatenate(
                [
                    self.near.of(asked),
                    self._first,
                    *(
                        r.indices[np.argsort(-r.data, kind="stable")[: self.near.each]]
                        for r in rows.values()
                    ),
                ]
            )
        )
        said = np.zeros((len(NAMES), len(which)))
        for name, row in rows.items():
            order = np.argsort(row.indices)
            spot = np.minimum(
                np.searchsorted(row.indices, which, sorter=order), max(0, len(order) - 1)
            )
            values = (
                np.where(row.indices[order[spot]] == which, row.data[order[spot]], 0.0)
                if len(order)
                else np.zeros(len(which))
            )
            mean, spread = (
                row.data.sum() / items,
                np.sqrt(max(0.0, (row.data**2).sum() / items - (row.data.sum() / items) ** 2)),
            )
            said[NAMES.index(name)] = (values - mean) / max(spread, 1e-9) * (spread > 1e-9)
        said[NAMES.index("popular")] = self._liked[which]
        for name, (at, vectors) in zip(
            (["towers"] if self.towers else []) + ["said"],
            enumerate(self.near.vectors),
            strict=False,
        ):
            mean, spread = self.near.level(at, asked[at][0])
            said[NAMES.index(name)] = (
                (vectors[which] @ asked[at][0] - mean) / max(spread, 1e-9) * (spread > 1e-9)
            )
        return which, said

    def because(self, history: History, item: int) -> int | None:
        """The touched item that speaks most for another; None where nothing was touched or it
        speaks against it.
        """
        if not len(history):
            return None
        fade = FADES["together"] ** np.arange(len(history) - 1, -1, -1)
        if self.counts[item] == 0 and self.vectors.shape[1]:
            share = fade * (self.vectors[list(history)] @ self.vectors[item])
        else:
            share = fade * np.asarray(
                _dense(self.square.get("together", self.square["alike"])[list(history)][:, [item]])
            ).reshape(-1)
        return int(history[int(share.argmax())]) if share.max() > 0 else None

    def save(self, folder: Path) -> None:
        """Write it into a version's folder."""
        from safetensors.numpy import save_file

        held = {
            "counts": self.counts,
            "vectors": self.vectors,
            "weights": self.weights,
            "popular": self._popular,
        } | (self.towers.held() if self.towers else {})
        for name, m in self.square.items():
            held |= (
                {f"{name}.data": m.data, f"{name}.indices": m.indices, f"{name}.indptr": m.indptr}
                if self.near
                else {name: m}
            )
        save_file({k: np.ascontiguousarray(v) for k, v in held.items()}, folder / FILE)
        if self.near is not None:
            self.near.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Read it again."""
        from safetensors.numpy import load_file
        from scipy.sparse import csr_matrix

        held = load_file(folder / FILE)
        items = len(held["counts"])
        square: dict[str, Any] = {n: held[n] for n in SQUARE if n in held}
        square |= {
            n: csr_matrix(
                (held[f"{n}.data"], held[f"{n}.indices"], held[f"{n}.indptr"]), shape=(items, items)
            )
            for n in SQUARE
            if f"{n}.data" in held
        }
        weights = np.zeros(len(NAMES))
        weights[: len(held["weights"])] = held[
            "weights"
        ]  # versions made before there were towers have none for them
        made = cls(
            square,
            held["counts"],
            held["vectors"],
            weights,
            Learnt.of(held),
            popular=held.get("popular"),
        )
        if (folder / INDEX.format(0)).is_file():
            made.near = Near.load(
                folder,
                [
                    v
                    for v in (made.towers.items if made.towers else None, made.vectors)
                    if v is not None and v.shape[1]
                ],
            )
        return made

    def __post_init__(self) -> None:
        self._popular = (
            _popular(self.counts, standing(self.vectors, self.counts == 0))
            if self.popular is None
            else self.popular
        )
        self._liked = level(self._popular[None])[0]
        self._first = np.argsort(-self._popular, kind="stable")[:100]


def _popular(counts: Array, by: Any) -> Array:
    told = np.log1p(counts)
    return told if by is None else np.asarray(by.T @ told).reshape(-1)


def _dense(found: Any) -> Any:
    return found.toarray() if hasattr(found, "toarray") else found
