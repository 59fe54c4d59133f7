"""All parts of an item's score, weighted: the same code scores in evaluation and when served. Knows
the parts, arrays and one file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Array, Floats, Ints, Mask
from mesocosm.learning.tasks.ranking.ann_index import FILE as INDEX
from mesocosm.learning.tasks.ranking.ann_index import MAX_EXACT_ITEMS, AnnIndex
from mesocosm.learning.tasks.ranking.features import (
    FADES,
    NAMES,
    History,
    cold_start_matrix,
    fade_steps,
    fit_ease,
    interaction_matrix,
    item_cosines,
    keep_strongest,
    recency_matrix,
    standardize_rows,
    transition_matrix,
)
from mesocosm.learning.tasks.ranking.towers.two_tower import TwoTowerModel

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from mesocosm.learning.tasks.ranking.features import Square

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

    square: dict[str, Square]
    counts: Floats
    vectors: Floats
    weights: Floats
    towers: TwoTowerModel | None = None
    near: AnnIndex | None = None
    popular: Floats | None = None

    @classmethod
    def fit(
        cls,
        histories: Sequence[History],
        items: int,
        vectors: Floats,
        strength: float,
        towers: TwoTowerModel | None = None,
    ) -> Scorer:
        """All parts from what was done; weights are still equal. Untouched items are scored as
        the nearest items by their texts.
        """
        x = interaction_matrix(histories, items)
        counts: Floats = np.asarray(x.sum(0), np.float32).reshape(-1)
        by = cold_start_matrix(vectors, counts == 0)
        square: dict[str, Square] = {
            "next": transition_matrix(histories, items),
            "alike": item_cosines(x),
        }
        if items <= MAX_EXACT_ITEMS:
            square["together"] = fit_ease(x, strength)
        if towers is not None:
            towers = towers.fill_cold(by)
        scorer = cls(
            {name: _finish_square(matrix, by, items) for name, matrix in square.items()},
            counts,
            vectors,
            np.ones(len(NAMES)),
            towers,
            popular=_log_popularity(counts, by),
        )
        if items > MAX_EXACT_ITEMS:
            scorer.near = AnnIndex.fit(scorer.indexed_vectors())
        return scorer

    def indexed_vectors(self) -> list[Floats]:
        """The vectors of items that are searched approximately: towers, then texts."""
        vectors = [self.vectors]
        if self.towers is not None:
            vectors.insert(0, self.towers.items)
        return [one for one in vectors if one.shape[1]]

    def parts(self, histories: Sequence[History]) -> Floats:
        """The scores of each part, standardised (names, people, items)."""
        items = len(self.counts)
        scores: dict[str, Floats] = {}
        for name, matrix in self.square.items():
            recent = recency_matrix(histories, items, FADES[name])
            scores[name] = to_dense(recent @ matrix).astype(float, copy=False)
        scores["popular"] = np.tile(self._popular, (len(histories), 1))
        if self.vectors.shape[1]:
            scores["said"] = self._texts_of(histories) @ self.vectors.T
        if self.towers is not None:
            scores["towers"] = self.towers.people(histories) @ self.towers.items.T
        none: Floats = np.zeros((len(histories), items))
        return np.stack([standardize_rows(scores.get(name, none)) for name in NAMES])

    def _texts_of(self, histories: Sequence[History]) -> Floats:
        """The sum of the texts' vectors of each history (people, width)."""
        recent = recency_matrix(histories, len(self.counts), FADES["said"])
        return np.asarray(recent @ self.vectors)

    def scores(self, histories: Sequence[History]) -> Floats:
        """Scores (people, items); where there are many items, -inf for those that the search does
        not find.
        """
        if self.near is None:
            return np.asarray(np.tensordot(self.weights, self.parts(histories), 1))
        scores: Floats = np.full((len(histories), len(self.counts)), -np.inf)
        for row, history in enumerate(histories):
            among, parts = self.among(history)
            scores[row, among] = self.weights @ parts
        return scores

    def among(self, history: History) -> tuple[Ints, Floats]:
        """The items that may be among a user's best (n), and the scores of each part,
        standardised over all items (names, n).

        The standardisation is exact: the mean and deviation of products with a vector follow from
        the mean and covariance of the vectors.
        """
        assert self.near is not None
        items = len(self.counts)
        queries = self._queries(history)
        rows = self._sparse_rows(history)
        found: list[Ints] = [self.near.of(queries), self._first]
        found += [row.strongest(self.near.each) for row in rows.values()]
        which: Ints = np.unique(np.concatenate(found))
        scores: Floats = np.zeros((len(NAMES), len(which)))
        for name, row in rows.items():
            scores[NAMES.index(name)] = row.standardized_at(which, items)
        scores[NAMES.index("popular")] = self._liked[which]
        names = ["towers", "said"]
        if self.towers is None:
            names = ["said"]
        for at, (name, vectors) in enumerate(zip(names, self.near.vectors, strict=False)):
            query: Floats = queries[at][0]
            mean, spread = self.near.level(at, query)
            scores[NAMES.index(name)] = _standardize(vectors[which] @ query, mean, spread)
        return which, scores

    def _queries(self, history: History) -> list[Floats]:
        """The vectors (1, width) that items are searched by: of the towers, then of the texts."""
        queries: list[Floats] = []
        if self.towers is not None:
            queries.append(self.towers.people([history]))
        if self.vectors.shape[1]:
            queries.append(self._texts_of([history]))
        return queries

    def _sparse_rows(self, history: History) -> dict[str, _SparseRow]:
        """The scores of each part that is a matrix from items to items."""
        rows: dict[str, _SparseRow] = {}
        for name, matrix in self.square.items():
            assert not isinstance(matrix, np.ndarray)
            recent = recency_matrix([history], len(self.counts), FADES[name])
            product: csr_matrix = (recent @ matrix).tocsr()
            rows[name] = _SparseRow(product.data, product.indices)
        return rows

    def because(self, history: History, item: int) -> int | None:
        """The touched item that contributes most to another's score; None where nothing was touched
        or no item contributes.
        """
        if not len(history):
            return None
        touched = list(history)
        near: Floats
        if self.counts[item] == 0 and self.vectors.shape[1]:
            near = self.vectors[touched] @ self.vectors[item]
        else:
            square = self.square.get("together", self.square["alike"])
            near = to_dense(square[touched][:, [item]]).reshape(-1)
        share: Floats = fade_steps(FADES["together"], len(touched)) * near
        if share.max() <= 0:
            return None
        return int(history[int(share.argmax())])

    def save(self, folder: Path) -> None:
        """Write it into a version's folder."""
        from safetensors.numpy import save_file

        arrays: dict[str, Array] = {
            "counts": self.counts,
            "vectors": self.vectors,
            "weights": self.weights,
            "popular": self._popular,
        }
        if self.towers:
            arrays |= self.towers.arrays()
        for name, matrix in self.square.items():
            if isinstance(matrix, np.ndarray):
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

        arrays: dict[str, Floats] = load_file(folder / FILE)
        # versions made before there were towers have no weight for them
        weights: Floats = np.zeros(len(NAMES))
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


@dataclass(frozen=True)
class _SparseRow:
    """The scores of one history that are not zero, and the items that have them."""

    values: Floats
    items: Ints

    def strongest(self, most: int) -> Ints:
        """The items of the highest scores."""
        return self.items[np.argsort(-self.values, kind="stable")[:most]]

    def standardized_at(self, which: Ints, items: int) -> Floats:
        """The scores of some items, standardised over all."""
        mean = float(self.values.sum() / items)
        spread = float(np.sqrt(max(0.0, (self.values**2).sum() / items - mean**2)))
        order: Ints = np.argsort(self.items)
        if not len(order):
            return _standardize(np.zeros(len(which)), mean, spread)
        spot: Ints = np.searchsorted(self.items, which, sorter=order)
        nearest: Ints = order[np.minimum(spot, len(order) - 1)]
        found: Mask = self.items[nearest] == which
        return _standardize(np.where(found, self.values[nearest], 0.0), mean, spread)


def _finish_square(matrix: Square, by: csr_matrix | None, items: int) -> Square:
    """A matrix with untouched items replaced; dense, or where items are many, sparse with the
    strongest of each row.
    """
    if by is not None:
        matrix = matrix @ by
    if items <= MAX_EXACT_ITEMS:
        return to_dense(matrix).astype(np.float32, copy=False)
    assert not isinstance(matrix, np.ndarray)
    return keep_strongest(matrix, MAX_NEIGHBOURS)


def _read_square(arrays: Mapping[str, Floats]) -> dict[str, Square]:
    """The matrices of a version's arrays, dense or sparse."""
    from scipy.sparse import csr_matrix

    shape = (len(arrays["counts"]),) * 2
    square: dict[str, Square] = {name: arrays[name] for name in SQUARE if name in arrays}
    for name in SQUARE:
        if f"{name}.data" in arrays:
            values, columns = arrays[f"{name}.data"], arrays[f"{name}.indices"]
            square[name] = csr_matrix((values, columns, arrays[f"{name}.indptr"]), shape=shape)
    return square


def _standardize(values: Floats, mean: float, spread: float) -> Floats:
    """Values at mean 0 and deviation 1; zeros where nothing varies."""
    return np.asarray((values - mean) / max(spread, 1e-9) * (spread > 1e-9))


def _log_popularity(counts: Floats, by: csr_matrix | None) -> Floats:
    """The logarithm of how often each item was touched; of those without any, their
    neighbours'.
    """
    popularity: Floats = np.log1p(counts)
    if by is None:
        return popularity
    return np.asarray(by.T @ popularity).reshape(-1)


def to_dense(matrix: Square) -> Floats:
    """A matrix as an array."""
    if isinstance(matrix, np.ndarray):
        return matrix
    dense: Floats = matrix.toarray()
    return dense
