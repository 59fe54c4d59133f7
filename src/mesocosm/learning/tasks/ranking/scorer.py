"""All parts of an item's score, weighted: the same code scores in evaluation and when served. Knows
the parts, arrays and one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.tasks.ranking.ann_index import FILE as INDEX
from mesocosm.learning.tasks.ranking.ann_index import MAX_EXACT_ITEMS, AnnIndex
from mesocosm.learning.tasks.ranking.features import (
    FADES,
    NAMES,
    History,
    cold_start_matrix,
    fit_ease,
    interaction_matrix,
    item_cosines,
    keep_strongest,
    recency_matrix,
    standardize_rows,
    transition_matrix,
)
from mesocosm.learning.tasks.ranking.towers.two_tower import TwoTowerModel

Array = np.ndarray[Any, Any]
FILE = "ranker.safetensors"
SQUARE = ("together", "next", "alike")
MAX_NEIGHBOURS = 200  # items that are kept beside each, where there are many


@dataclass
class Scorer:
    """Items scored for a user's history.

    Args:
        square: matrices (items, items) by the names of `SQUARE`: arrays, or sparse where there are
            many items, and then without `together`.
        counts: how often each item was touched.
        vectors: of each item's texts, unit vectors (items, width), or of no width.
        weights: of each part in `features.NAMES`.
        towers: vectors learned by gradient.
        near: where there are many items, finds those that may be among the best.
        popular: the logarithm of how often each was touched, or that of its neighbours.
    """

    square: dict[str, Any]
    counts: Array
    vectors: Array
    weights: Array
    towers: TwoTowerModel | None = None
    near: AnnIndex | None = None
    popular: Array | None = None

    @classmethod
    def fit(
        cls,
        histories: Sequence[History],
        items: int,
        vectors: Array,
        strength: float,
        towers: TwoTowerModel | None = None,
    ) -> Scorer:
        """All parts from what was done; weights are still equal. Untouched items are scored as
        the nearest items by their texts.
        """
        x = interaction_matrix(histories, items)
        counts = np.asarray(x.sum(0)).reshape(-1)
        by = cold_start_matrix(vectors, counts == 0)
        many = items > MAX_EXACT_ITEMS
        square = {"next": transition_matrix(histories, items), "alike": item_cosines(x)}
        if not many:
            square["together"] = fit_ease(x, strength)
        if by is not None:
            square = {name: matrix @ by for name, matrix in square.items()}
        if many:
            square = {name: keep_strongest(m, MAX_NEIGHBOURS) for name, m in square.items()}
        else:
            square = {name: np.asarray(_to_dense(m), np.float32) for name, m in square.items()}
        scorer = cls(
            square,
            counts,
            vectors,
            np.ones(len(NAMES)),
            towers.fill_cold(by) if towers else None,
            popular=_log_popularity(counts, by),
        )
        if many:
            scorer.near = AnnIndex.fit(scorer.indexed_vectors())
        return scorer

    def indexed_vectors(self) -> list[Array]:
        """The vectors of items that are searched approximately: towers, then texts."""
        towers = [] if self.towers is None else [self.towers.items]
        return [vectors for vectors in (*towers, self.vectors) if vectors.shape[1]]

    def parts(self, histories: Sequence[History]) -> Array:
        """The scores of each part, standardised (names, people, items)."""
        items = len(self.counts)
        scores = {
            name: np.asarray(_to_dense(recency_matrix(histories, items, FADES[name]) @ m), float)
            for name, m in self.square.items()
        }
        scores["popular"] = np.tile(self._popular, (len(histories), 1))
        if self.vectors.shape[1]:
            recent = recency_matrix(histories, items, FADES["said"])
            scores["said"] = (recent @ self.vectors) @ self.vectors.T
        if self.towers is not None:
            scores["towers"] = self.towers.people(histories) @ self.towers.items.T
        none = np.zeros((len(histories), items))
        return np.stack([standardize_rows(scores.get(name, none)) for name in NAMES])

    def scores(self, histories: Sequence[History]) -> Array:
        """Scores (people, items); where there are many items, -inf for those that the search does
        not find.
        """
        if self.near is None:
            return np.asarray(np.tensordot(self.weights, self.parts(histories), 1))
        scores = np.full((len(histories), len(self.counts)), -np.inf)
        for row, history in enumerate(histories):
            among, parts = self.among(history)
            scores[row, among] = self.weights @ parts
        return scores

    def among(self, history: History) -> tuple[Array, Array]:
        """The items that may be among a user's best (n), and the scores of each part,
        standardised over all items (names, n).

        The standardisation is exact: the mean and deviation of products with a vector follow from
        the mean and covariance of the vectors.
        """
        assert self.near is not None
        items = len(self.counts)
        queries: list[Array] = [] if self.towers is None else [self.towers.people([history])]
        if self.vectors.shape[1]:
            recent = recency_matrix([history], items, FADES["said"])
            queries.append(np.asarray(recent @ self.vectors))
        rows = {
            name: (recency_matrix([history], items, FADES[name]) @ matrix).tocsr()
            for name, matrix in self.square.items()
        }
        found = [self.near.of(queries), self._first]
        for row in rows.values():
            strongest = np.argsort(-row.data, kind="stable")[: self.near.each]
            found.append(row.indices[strongest])
        which = np.unique(np.concatenate(found))
        scores = np.zeros((len(NAMES), len(which)))
        for name, row in rows.items():
            scores[NAMES.index(name)] = _standardized_values(row, which, items)
        scores[NAMES.index("popular")] = self._liked[which]
        names = ["said"] if self.towers is None else ["towers", "said"]
        for at, (name, vectors) in enumerate(zip(names, self.near.vectors, strict=False)):
            query = queries[at][0]
            mean, spread = self.near.level(at, query)
            scores[NAMES.index(name)] = _standardize(vectors[which] @ query, mean, spread)
        return which, scores

    def because(self, history: History, item: int) -> int | None:
        """The touched item that contributes most to another's score; None where nothing was touched
        or no item contributes.
        """
        if not len(history):
            return None
        touched = list(history)
        fade = FADES["together"] ** np.arange(len(touched) - 1, -1, -1)
        if self.counts[item] == 0 and self.vectors.shape[1]:
            share = fade * (self.vectors[touched] @ self.vectors[item])
        else:
            square = self.square.get("together", self.square["alike"])
            share = fade * np.asarray(_to_dense(square[touched][:, [item]])).reshape(-1)
        if share.max() <= 0:
            return None
        return int(history[int(share.argmax())])

    def save(self, folder: Path) -> None:
        """Write it into a version's folder."""
        from safetensors.numpy import save_file

        arrays = {
            "counts": self.counts,
            "vectors": self.vectors,
            "weights": self.weights,
            "popular": self._popular,
        }
        if self.towers:
            arrays |= self.towers.arrays()
        for name, matrix in self.square.items():
            if self.near is None:
                arrays[name] = matrix
            else:
                arrays[f"{name}.data"] = matrix.data
                arrays[f"{name}.indices"] = matrix.indices
                arrays[f"{name}.indptr"] = matrix.indptr
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / FILE)
        if self.near is not None:
            self.near.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Read it from a version's folder."""
        from safetensors.numpy import load_file

        arrays = load_file(folder / FILE)
        # versions made before there were towers have no weight for them
        weights = np.zeros(len(NAMES))
        weights[: len(arrays["weights"])] = arrays["weights"]
        scorer = cls(
            _read_square(arrays),
            arrays["counts"],
            arrays["vectors"],
            weights,
            TwoTowerModel.of(arrays),
            popular=arrays.get("popular"),
        )
        if (folder / INDEX.format(0)).is_file():
            scorer.near = AnnIndex.load(folder, scorer.indexed_vectors())
        return scorer

    def __post_init__(self) -> None:
        if self.popular is None:
            by = cold_start_matrix(self.vectors, self.counts == 0)
            self._popular = _log_popularity(self.counts, by)
        else:
            self._popular = self.popular
        self._liked = standardize_rows(self._popular[None])[0]
        self._first = np.argsort(-self._popular, kind="stable")[:100]


def _read_square(arrays: dict[str, Array]) -> dict[str, Any]:
    """The matrices of a version's arrays, dense or sparse."""
    from scipy.sparse import csr_matrix

    shape = (len(arrays["counts"]),) * 2
    square: dict[str, Any] = {name: arrays[name] for name in SQUARE if name in arrays}
    for name in SQUARE:
        if f"{name}.data" in arrays:
            parts = tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
            square[name] = csr_matrix(parts, shape=shape)
    return square


def _standardize(values: Array, mean: float, spread: float) -> Array:
    """Values at mean 0 and deviation 1; zeros where nothing varies."""
    return np.asarray((values - mean) / max(spread, 1e-9) * (spread > 1e-9))


def _standardized_values(row: Any, which: Array, items: int) -> Array:
    """The values of a sparse row at some items, standardised over all items."""
    mean = row.data.sum() / items
    spread = np.sqrt(max(0.0, (row.data**2).sum() / items - (row.data.sum() / items) ** 2))
    order = np.argsort(row.indices)
    if not len(order):
        return _standardize(np.zeros(len(which)), mean, spread)
    spot = np.minimum(np.searchsorted(row.indices, which, sorter=order), len(order) - 1)
    values = np.where(row.indices[order[spot]] == which, row.data[order[spot]], 0.0)
    return _standardize(values, mean, spread)


def _log_popularity(counts: Array, by: Any) -> Array:
    """The logarithm of how often each item was touched; of those without any, their
    neighbours'.
    """
    popularity = np.log1p(counts)
    if by is None:
        return popularity
    return np.asarray(by.T @ popularity).reshape(-1)


def _to_dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
