"""What speaks for an item, given what somebody did before: each a matrix from items to items, or a number an item. Knows numpy and SciPy's sparse matrices.

All are sums over what was done, so that an answer can name what it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
History = Sequence[int]
FADES = {"together": 0.8, "next": 0.8, "alike": 0.95, "said": 0.9}  # what an item further back counts, a step
STRENGTHS = (30.0, 100.0, 300.0, 1000.0, 3000.0)
WINDOW, SHRINK = 5, 10.0
NEAR = 10  # touched items that stand for one that nobody touched
NAMES = ("together", "next", "alike", "popular", "said")


def touched(histories: Sequence[History], items: int) -> Any:
    """Who touched what, 1 or 0, sparse (people, items)."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    columns = np.fromiter((i for h in histories for i in h), np.int64, len(rows))
    return csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(histories), items))


def faded(histories: Sequence[History], items: int, fade: float) -> Any:
    """Who touched what, the newest 1 and each before it `fade` times the one after it, sparse (people, items)."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    columns = np.fromiter((i for h in histories for i in h), np.int64, len(rows))
    held = np.concatenate([fade ** np.arange(len(h) - 1, -1, -1) for h in histories]) if len(histories) else np.zeros(0)
    return csr_matrix((held, (rows, columns)), shape=(len(histories), items))


def together(x: Any, strength: float) -> Array:
    """EASE: the items-by-items weights that tell each column of `x` best from all others, in closed form (items, items).

    Source: Steck 2019, WWW, equation 8.
    """
    gram = np.asarray((x.T @ x).todense(), np.float64)
    gram[np.diag_indices(len(gram))] += strength
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)[None]
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def following(histories: Sequence[History], items: int) -> Array:
    """How much more often an item comes soon after another than their counts say (items, items)."""
    counts = np.zeros((items, items), np.float32)
    for history in histories:
        seen = np.asarray(history, np.int64)
        for step in range(1, min(WINDOW, len(seen) - 1) + 1):
            np.add.at(counts, (seen[:-step], seen[step:]), np.float32(0.7 ** (step - 1)))
    return np.asarray(counts / (np.sqrt(counts.sum(1, keepdims=True) + SHRINK) * np.sqrt(counts.sum(0, keepdims=True) + SHRINK)), np.float32)


def alike(x: Any) -> Array:
    """The shrunk cosine of who touched both (items, items)."""
    both = np.asarray((x.T @ x).todense(), np.float32)
    own = np.diag(both) + SHRINK
    near = both / np.sqrt(np.outer(own, own))
    np.fill_diagonal(near, 0)
    return near


def standing(said: Array, vectors: Array, bare: Array) -> Array:
    """Let the touched items that are said to be nearest stand for those nobody touched (`bare`), column by column of `said` (people, items)."""
    if not bare.any() or bare.all():
        return said
    near = vectors[bare] @ vectors[~bare].T
    best = np.argsort(-near, axis=1)[:, :NEAR]
    share = np.maximum(np.take_along_axis(near, best, 1), 1e-6)
    share /= share.sum(1, keepdims=True)
    filled = said.copy()
    warm = said[:, ~bare]
    filled[:, bare] = np.einsum("pcn,cn->pc", warm[:, best], share)
    return filled


def level(said: Array) -> Array:
    """Each row at mean 0 and deviation 1; a row that says nothing stays 0."""
    less = said - said.mean(1, keepdims=True)
    return np.asarray(less / np.maximum(less.std(1, keepdims=True), 1e-9) * (less.std(1, keepdims=True) > 1e-9))


def places(scores: Array, histories: Sequence[History], right: Array) -> Array:
    """At which place each right item stands among those not touched before; equals share their places."""
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
