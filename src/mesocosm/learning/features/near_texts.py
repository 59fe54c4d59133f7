"""Texts that are nearly equal: found by MinHash over runs of three characters, proven by the runs
that they share. Knows texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LIKE = 0.8  # of the runs of two texts that both have, from which they are nearly equal
MOST = 30_000  # texts that are compared
BANDS, ROWS = 12, 6  # two texts of likeness 0.8 are found with a chance of 0.97, of 0.9 with 0.9999
PRIME = 2**31 - 1
SPACE = 2**20  # different runs that are told apart
DIGITS = re.compile(r"\d+")


def alike(texts: Sequence[str]) -> Array:
    """The number of each text's group; texts nearly equal to each other, or over others, have one.
    Texts with other numbers in them are others.

    Source: Broder 1997, On the resemblance and containment of documents; Leskovec, Rajaraman and
    Ullman, Mining of Massive Datasets, 3.4 (bands).

    >>> alike(["please refund my transfer", "please refund my transfers", "where is my card"]).tolist()
    [0, 0, 1]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from sklearn.feature_extraction.text import HashingVectorizer

    own: dict[str, int] = {}
    number = np.array(
        [own.setdefault(" ".join(t.casefold().split()), len(own)) for t in texts], dtype=np.int64
    )
    known = list(own)
    if not 1 < len(known) <= MOST:
        return number
    runs = HashingVectorizer(
        analyzer="char",
        ngram_range=(3, 3),
        n_features=SPACE,
        binary=True,
        norm=None,
        alternate_sign=False,
    ).transform(known)
    runs.sort_indices()
    there = np.flatnonzero(np.diff(runs.indptr))
    if not len(there):
        return number
    rng, starts = np.random.default_rng(7), runs.indptr[there]
    ids, pairs = runs.indices.astype(np.int64) + 1, set[tuple[int, int]]()
    for _ in range(BANDS):
        marks = np.stack(
            [
                np.minimum.reduceat((int(a) * ids + int(b)) % PRIME, starts)
                for a, b in rng.integers(1, PRIME, (ROWS, 2))
            ],
            1,
        )
        order = np.lexsort(marks.T)
        same = (np.diff(marks[order], axis=0) == 0).all(1)
        pairs.update(
            zip(there[order[:-1][same]].tolist(), there[order[1:][same]].tolist(), strict=True)
        )
    kept = [
        (i, j)
        for i, j in pairs
        if _shared(runs, i, j) >= LIKE and DIGITS.findall(known[i]) == DIGITS.findall(known[j])
    ]
    if not kept:
        return number
    i, j = np.array(kept).T
    label = connected_components(
        coo_matrix((np.ones(len(i)), (i, j)), shape=(len(known),) * 2), directed=False
    )[1]
    return np.asarray(np.unique(label[number], return_inverse=True)[1])


def _shared(runs: Any, i: int, j: int) -> float:
    one, other = (runs.indices[runs.indptr[k] : runs.indptr[k + 1]] for k in (i, j))
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both)
