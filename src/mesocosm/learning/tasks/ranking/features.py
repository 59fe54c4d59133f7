"""What speaks for an item, given what somebody did before: each a matrix from items to items, or a
number an item. Knows numpy and SciPy's sparse matrices.

All are sums over what was done, so that an answer can name what it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
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
NEAR = 10  # touched items that stand for one that nobody touched
NAMES = ("together", "next", "alike", "popular", "said", "towers")


def touched(histories: Sequence[History], items: int) -> Any:
    """Who touched what, 1 or 0, sparse (people, items)."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    columns = np.fromiter((i for h in histories for i in h), np.int64, len(rows))
    return csr_matrix(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(len(histories), items)
    )


def faded(histories: Sequence[History], items: int, fade: float) -> Any:
    """Who touched what, the newest 1 and each before it `fade` times the one after it, sparse
    (people, items).
    """
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    columns = np.fromiter((i for h in histories for i in h), np.int64, len(rows))
    held = (
        np.concatenate([fade ** np.arange(len(h) - 1, -1, -1) for h in histories])
        if len(histories)
        else np.zeros(0)
    )
    return csr_matrix((held, (rows, columns)), shape=(len(histories), items))


def together(x: Any, strength: float) -> Array:
    """EASE: the items-by-items weights that tell each column of `x` best from all others, in closed
    form (items, items).

    Source: Steck 2019, WWW, equation 8.
    """
    gram = np.asarray((x.T @ x).todense(), np.float64)
    gram[np.diag_indices(len(gram))] += strength
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)[None]
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def following(histories: Sequence[History], items: int) -> Any:
    """How much more often an item comes soon after another than their counts say, sparse (items,
    items).
    """
    from scipy.sparse import csr_matrix, diags

    counts = csr_matrix((items, items), dtype=np.float32)
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


def alike(x: Any) -> Any:
    """The shrunk cosine of who touched both, sparse (items, items)."""
    from scipy.sparse import diags

    both = (x.T @ x).tocsr().astype(np.float32)
    less = diags((1 / np.sqrt(both.diagonal() + SHRINK)).astype(np.float32))
    both.setdiag(0)
    both.eliminate_zeros()
    return (less @ both @ less).tocsr()


def strongest(square: Any, most: int) -> Any:
    """A sparse matrix with the greatest `most` of each row."""
    from scipy.sparse import csr_matrix

    kept: list[Array] = []
    for row in range(square.shape[0]):
        at = np.arange(square.indptr[row], square.indptr[row + 1])
        kept.append(
            at if len(at) <= most else np.sort(at[np.argpartition(-square.data[at], most)[:most]])
        )
    whole = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    ends = np.cumsum([0, *map(len, kept)])
    return csr_matrix((square.data[whole], square.indices[whole], ends), shape=square.shape)


def standing(vectors: Array, bare: Array) -> Any:
    """What lets the touched items that are said to be nearest stand for those nobody touched
    (`bare`): sparse (items, items), to be multiplied from the right; None where nothing is to be
    done.

    Args:
        vectors: what is said of each item, unit vectors.
    """
    from scipy.sparse import csr_matrix

    if not vectors.shape[1] or not bare.any() or bare.all():
        return None
    warm, cold = np.flatnonzero(~bare), np.flatnonzero(bare)
    rows, columns, held = [warm], [warm], [np.ones(len(warm))]
    for some in np.array_split(cold, len(cold) // 512 + 1):
        near = vectors[some] @ vectors[warm].T
        best = np.argsort(-near, axis=1, kind="stable")[:, :NEAR]
        share = np.maximum(np.take_along_axis(near, best, 1), 1e-6)
        rows.append(warm[best].reshape(-1))
        columns.append(np.repeat(some, best.shape[1]))
        held.append((share / share.sum(1, keepdims=True)).reshape(-1))
    return csr_matrix(
        (np.concatenate(held).astype(np.float32), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(bare), len(bare)),
    )


def level(said: Array) -> Array:
    """Each row at mean 0 and deviation 1; a row that says nothing stays 0."""
    less = said - said.mean(1, keepdims=True)
    return np.asarray(
        less / np.maximum(less.std(1, keepdims=True), 1e-9) * (less.std(1, keepdims=True) > 1e-9)
    )


def places(scores: Array, histories: Sequence[History], right: Array) -> Array:
    """At which place each right item stands among those not touched before; equals share their
    places.
    """
    left = scores.copy()
    for row, history in enumerate(histories):
        left[row, list(history)] = -np.inf
    own = left[np.arange(len(right)), right][:, None]
    return np.asarray(1 + (left > own).sum(1) + ((left == own).sum(1) - 1) / 2)


def ndcg(of: Array, most: int = 10) -> Array:
    """The gain of each place, 0 after the first `most`.

    >>> ndcg(np.array([1.0, 3.0, 11.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    return np.where(of <= most, 1 / np.log2(of + 1), 0.0)
