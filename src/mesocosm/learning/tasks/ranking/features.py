"""The parts of an item's score, given a user's past behaviour: each a matrix from items to items,
or a number per item. Knows numpy and SciPy's sparse matrices.

All are sums over a history, so that a recommendation can name the item that explains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Floats, Ints, Mask

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    Square = Floats | csr_matrix  # from items to items
    Column = np.ndarray[tuple[int], np.dtype[np.float32]]

History = Sequence[int]
FADES = {
    "together": 0.8,
    "next": 0.8,
    "alike": 0.95,
    "said": 0.9,
}  # what an item further back counts, a step
STRENGTHS = (30.0, 100.0, 300.0, 1000.0, 3000.0)
WINDOW, SHRINK = 5, 10.0
COLD_NEIGHBOURS = 10  # touched items that stand for one that nobody touched
NAMES = ("together", "next", "alike", "popular", "said", "towers")


def interaction_matrix(histories: Sequence[History], items: int) -> csr_matrix:
    """Who touched what, 1 or 0, sparse (people, items)."""
    from scipy.sparse import csr_matrix

    rows, columns = _positions(histories)
    return csr_matrix(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(len(histories), items)
    )


def recency_matrix(histories: Sequence[History], items: int, fade: float) -> csr_matrix:
    """Who touched what, the newest 1 and each before it `fade` times the one after it, sparse
    (people, items).
    """
    from scipy.sparse import csr_matrix

    rows, columns = _positions(histories)
    if not len(histories):
        return csr_matrix((np.zeros(0), (rows, columns)), shape=(0, items))
    weights: Floats = np.concatenate([fade_steps(fade, len(history)) for history in histories])
    return csr_matrix((weights, (rows, columns)), shape=(len(histories), items))


def fade_steps(fade: float, length: int) -> Floats:
    """What each item of a history counts: the newest 1, each before it `fade` times the one after
    it.
    """
    steps = np.arange(length - 1, -1, -1)
    return np.asarray(fade**steps)


def _positions(histories: Sequence[History]) -> tuple[Ints, Ints]:
    """The person and the item of everything that was touched."""
    rows = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    return rows, np.fromiter(chain.from_iterable(histories), np.int64, len(rows))


def fit_ease(x: csr_matrix, strength: float) -> Floats:
    """EASE: the items-by-items weights that predict each column of `x` from all others, in closed
    form (items, items).

    Source: Steck 2019, WWW, equation 8.
    """
    gram: Floats = np.asarray((x.T @ x).todense(), np.float64)
    gram[np.diag_indices(len(gram))] += strength
    inverse: Floats = np.linalg.inv(gram)
    weights: Floats = -inverse / np.diag(inverse)[None]
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def transition_matrix(histories: Sequence[History], items: int) -> csr_matrix:
    """How much more often an item comes soon after another than their counts say, sparse (items,
    items).
    """
    from scipy.sparse import csr_matrix, diags

    counts = csr_matrix((items, items), dtype=np.float32)  # type: ignore[arg-type]  # a shape
    long: list[Ints] = [np.asarray(history, np.int64) for history in histories]
    for step in range(1, WINDOW + 1):
        long = [history for history in long if len(history) > step]
        if not long:
            break
        counts = counts + _count_successors(long, step, items)
    before, after = _shrink_counts(counts, 1), _shrink_counts(counts, 0)
    shrunk: csr_matrix = (diags(before) @ counts @ diags(after)).tocsr()
    return shrunk


def _count_successors(histories: Sequence[Ints], step: int, items: int) -> csr_matrix:
    """How often an item comes so many steps after another, further ones counting less."""
    from scipy.sparse import csr_matrix

    rows: Ints = np.concatenate([history[:-step] for history in histories])
    columns: Ints = np.concatenate([history[step:] for history in histories])
    weights = np.full(len(rows), 0.7 ** (step - 1), np.float32)
    return csr_matrix((weights, (rows, columns)), shape=(items, items))


def _shrink_counts(counts: csr_matrix, axis: int) -> Column:
    """One over the root of how often each item was counted along an axis."""
    return _shrink(np.asarray(counts.sum(axis), np.float32).reshape(-1))


def _shrink(counts: Column) -> Column:
    roots: Column = 1 / np.sqrt(counts + SHRINK)
    return roots.astype(np.float32)


def item_cosines(x: csr_matrix) -> csr_matrix:
    """The shrunk cosine of who touched both, sparse (items, items)."""
    from scipy.sparse import diags

    both: csr_matrix = (x.T @ x).tocsr().astype(np.float32)
    touched: Column = both.diagonal()
    less = diags(_shrink(touched))
    both.setdiag(0)
    both.eliminate_zeros()
    shrunk: csr_matrix = (less @ both @ less).tocsr()
    return shrunk


def keep_strongest(square: csr_matrix, most: int) -> csr_matrix:
    """A sparse matrix with the greatest `most` of each row."""
    from scipy.sparse import csr_matrix

    values: Floats = square.data
    columns: Ints = square.indices
    starts: list[int] = square.indptr.tolist()
    strongest: list[Ints] = [np.zeros(0, np.int64)]
    for start, end in pairwise(starts):
        at: Ints = np.arange(start, end)
        if len(at) > most:
            at = np.sort(at[np.argpartition(-values[at], most)[:most]])
        strongest.append(at)
    spots: Ints = np.concatenate(strongest)
    ends: Ints = np.cumsum([len(row) for row in strongest])
    return csr_matrix((values[spots], columns[spots], ends), shape=square.shape)


def cold_start_matrix(vectors: Floats, bare: Mask) -> csr_matrix | None:
    """The matrix that replaces items without interactions (`bare`) by those of the nearest
    texts: sparse (items, items), to be multiplied from the right; None where nothing is replaced.

    Args:
        vectors: of each item's texts, unit vectors.
        bare: which items have no interactions (items,).
    """
    from scipy.sparse import csr_matrix

    if not vectors.shape[1] or not bare.any() or bare.all():
        return None
    warm, cold = np.flatnonzero(~bare), np.flatnonzero(bare)
    rows: list[Ints] = [warm]
    columns: list[Ints] = [warm]
    shares: list[Floats] = [np.ones(len(warm))]
    for some in np.array_split(cold, len(cold) // 512 + 1):
        near: Floats = vectors[some] @ vectors[warm].T
        best: Ints = np.argsort(-near, axis=1, kind="stable")[:, :COLD_NEIGHBOURS]
        share: Floats = np.maximum(np.take_along_axis(near, best, 1), 1e-6)
        total: Floats = share.sum(1, keepdims=True)
        rows.append(warm[best].reshape(-1))
        columns.append(np.repeat(some, best.shape[1]))
        shares.append((share / total).reshape(-1))
    values = np.concatenate(shares).astype(np.float32)
    places = (np.concatenate(rows), np.concatenate(columns))
    return csr_matrix((values, places), shape=(len(bare), len(bare)))


def standardize_rows(scores: Floats) -> Floats:
    """Each row at mean 0 and deviation 1; a constant row is 0."""
    mean: Floats = scores.mean(1, keepdims=True)
    centred: Floats = scores - mean
    spread: Floats = centred.std(1, keepdims=True)
    return np.asarray(centred / np.maximum(spread, 1e-9) * (spread > 1e-9))


def rank_targets(scores: Floats, histories: Sequence[History], right: Ints) -> Floats:
    """The rank of each right item, from 1, among those not touched before; ties share the mean of
    their ranks.
    """
    left = scores.copy()
    for row, history in enumerate(histories):
        left[row, list(history)] = -np.inf
    own: Floats = left[np.arange(len(right)), right][:, None]
    higher: Ints = (left > own).sum(1)
    equal: Ints = (left == own).sum(1)
    return np.asarray(1 + higher + (equal - 1) / 2)


def ndcg_gains(of: Floats, most: int = 10) -> Floats:
    """The gain of each place, 0 after the first `most`.

    >>> ndcg_gains(np.array([1.0, 3.0, 11.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    return np.where(of <= most, 1 / np.log2(of + 1), 0.0)
