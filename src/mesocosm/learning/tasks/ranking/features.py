"""The parts of an item's score, given a user's past behaviour: each a matrix from items to items,
or a number per item. Knows numpy and SciPy's sparse matrices.

All are sums over a history, so that a recommendation can name the item that explains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
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


def interaction_matrix(histories: Sequence[History], items: int) -> Any:
    """Who touched what, 1 or 0, sparse (people, items)."""
    from scipy.sparse import csr_matrix

    rows, columns = _positions(histories)
    return csr_matrix(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(len(histories), items)
    )


def recency_matrix(histories: Sequence[History], items: int, fade: float) -> Any:
    """Who touched what, the newest 1 and each before it `fade` times the one after it, sparse
    (people, items).
    """
    from scipy.sparse import csr_matrix

    rows, columns = _positions(histories)
    if not len(histories):
        return csr_matrix((np.zeros(0), (rows, columns)), shape=(0, items))
    weights = np.concatenate([fade ** np.arange(len(h) - 1, -1, -1) for h in histories])
    return csr_matrix((weights, (rows, columns)), shape=(len(histories), items))


def _positions(histories: Sequence[History]) -> tuple[Array, Array]:
    """The person and the item of everything that was touched."""
    rows = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    return rows, np.fromiter(chain.from_iterable(histories), np.int64, len(rows))


def fit_ease(x: Any, strength: float) -> Array:
    """EASE: the items-by-items weights that predict each column of `x` from all others, in closed
    form (items, items).

    Source: Steck 2019, WWW, equation 8.
    """
    gram = np.asarray((x.T @ x).todense(), np.float64)
    gram[np.diag_indices(len(gram))] += strength
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)[None]
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def transition_matrix(histories: Sequence[History], items: int) -> Any:
    """How much more often an item comes soon after another than their counts say, sparse (items,
    items).
    """
    from scipy.sparse import csr_matrix, diags

    counts = csr_matrix((items, items), dtype=np.float32)  # type: ignore[arg-type]
    seen = [np.asarray(h, np.int64) for h in histories]
    for step in range(1, WINDOW + 1):
        before, after = (
            [h[:-step] for h in seen if len(h) > step],
            [h[step:] for h in seen if len(h) > step],
        )
        if not before:
            break
        rows, columns = np.concatenate(before), np.concatenate(after)
        counts = counts + csr_matrix(
            (np.full(len(rows), 0.7 ** (step - 1), np.float32), (rows, columns)),
            shape=(items, items),
        )
    less = [1 / np.sqrt(np.asarray(counts.sum(axis)).reshape(-1) + SHRINK) for axis in (1, 0)]
    return (diags(less[0].astype(np.float32)) @ counts @ diags(less[1].astype(np.float32))).tocsr()


def item_cosines(x: Any) -> Any:
    """The shrunk cosine of who touched both, sparse (items, items)."""
    from scipy.sparse import diags

    both = (x.T @ x).tocsr().astype(np.float32)
    less = diags((1 / np.sqrt(both.diagonal() + SHRINK)).astype(np.float32))
    both.setdiag(0)
    both.eliminate_zeros()
    return (less @ both @ less).tocsr()


def keep_strongest(square: Any, most: int) -> Any:
    """A sparse matrix with the greatest `most` of each row."""
    from scipy.sparse import csr_matrix

    kept: list[Array] = [np.zeros(0, np.int64)]
    for row in range(square.shape[0]):
        at = np.arange(square.indptr[row], square.indptr[row + 1])
        if len(at) > most:
            at = np.sort(at[np.argpartition(-square.data[at], most)[:most]])
        kept.append(at)
    at = np.concatenate(kept)
    ends = np.cumsum([len(row) for row in kept])
    return csr_matrix((square.data[at], square.indices[at], ends), shape=square.shape)


def cold_start_matrix(vectors: Array, bare: Array) -> Any:
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
    rows, columns, held = [warm], [warm], [np.ones(len(warm))]
    for some in np.array_split(cold, len(cold) // 512 + 1):
        near = vectors[some] @ vectors[warm].T
        best = np.argsort(-near, axis=1, kind="stable")[:, :COLD_NEIGHBOURS]
        share = np.maximum(np.take_along_axis(near, best, 1), 1e-6)
        rows.append(warm[best].reshape(-1))
        columns.append(np.repeat(some, best.shape[1]))
        held.append((share / share.sum(1, keepdims=True)).reshape(-1))
    return csr_matrix(
        (np.concatenate(held).astype(np.float32), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(bare), len(bare)),
    )


def standardize_rows(scores: Array) -> Array:
    """Each row at mean 0 and deviation 1; a constant row is 0."""
    centred = scores - scores.mean(1, keepdims=True)
    spread = centred.std(1, keepdims=True)
    return np.asarray(centred / np.maximum(spread, 1e-9) * (spread > 1e-9))


def rank_targets(scores: Array, histories: Sequence[History], right: Array) -> Array:
    """The rank of each right item, from 1, among those not touched before; ties share the mean of
    their ranks.
    """
    left = scores.copy()
    for row, history in enumerate(histories):
        left[row, list(history)] = -np.inf
    own = left[np.arange(len(right)), right][:, None]
    return np.asarray(1 + (left > own).sum(1) + ((left == own).sum(1) - 1) / 2)


def ndcg_gains(of: Array, most: int = 10) -> Array:
    """The gain of each place, 0 after the first `most`.

    >>> ndcg_gains(np.array([1.0, 3.0, 11.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    return np.where(of <= most, 1 / np.log2(of + 1), 0.0)
