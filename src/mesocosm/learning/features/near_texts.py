"""Near-duplicate texts: candidates by MinHash over runs of three characters, confirmed by the runs
that they share. Knows texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MIN_OVERLAP = 0.8  # Jaccard similarity of two texts' runs, from which they are near-duplicates
MAX_TEXTS = 30_000  # texts that are compared
BANDS, ROWS = 12, 6  # texts of similarity 0.8 are found with probability 0.97, of 0.9 with 0.9999
PRIME = 2**31 - 1
SPACE = 2**20  # hash buckets of runs
DIGITS = re.compile(r"\d+")


def group_near_duplicates(texts: Sequence[str]) -> Array:
    """The number of each text's group; near-duplicates, also over others, share one. Texts with
    different numbers in them are different.

    Source: Broder 1997, On the resemblance and containment of documents; Leskovec, Rajaraman and
    Ullman, Mining of Massive Datasets, 3.4 (bands).

    >>> texts = ["please refund my transfer", "please refund my transfers", "where is my card"]
    >>> group_near_duplicates(texts).tolist()
    [0, 0, 1]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from sklearn.feature_extraction.text import HashingVectorizer

    numbers: dict[str, int] = {}
    number = np.array(
        [numbers.setdefault(" ".join(t.casefold().split()), len(numbers)) for t in texts],
        dtype=np.int64,
    )
    distinct = list(numbers)
    if not 1 < len(distinct) <= MAX_TEXTS:
        return number
    runs = HashingVectorizer(
        analyzer="char",
        ngram_range=(3, 3),
        n_features=SPACE,
        binary=True,
        norm=None,
        alternate_sign=False,
    ).transform(distinct)
    runs.sort_indices()
    pairs = [
        (i, j)
        for i, j in _find_candidates(runs)
        if _overlap(runs, i, j) >= MIN_OVERLAP
        and DIGITS.findall(distinct[i]) == DIGITS.findall(distinct[j])
    ]
    if not pairs:
        return number
    i, j = np.array(pairs).T
    label = connected_components(
        coo_matrix((np.ones(len(i)), (i, j)), shape=(len(distinct),) * 2), directed=False
    )[1]
    return np.asarray(np.unique(label[number], return_inverse=True)[1])


def _find_candidates(runs: Any) -> set[tuple[int, int]]:
    """Pairs of rows whose MinHash signatures agree in a band."""
    pairs: set[tuple[int, int]] = set()
    filled = np.flatnonzero(np.diff(runs.indptr))
    if not len(filled):
        return pairs
    rng, starts = np.random.default_rng(7), runs.indptr[filled]
    ids = runs.indices.astype(np.int64) + 1
    for _ in range(BANDS):
        signatures = np.stack(
            [
                np.minimum.reduceat((int(a) * ids + int(b)) % PRIME, starts)
                for a, b in rng.integers(1, PRIME, (ROWS, 2))
            ],
            1,
        )
        order = np.lexsort(signatures.T)
        same = (np.diff(signatures[order], axis=0) == 0).all(1)
        first, second = filled[order[:-1][same]], filled[order[1:][same]]
        pairs.update(zip(first.tolist(), second.tolist(), strict=True))
    return pairs


def _overlap(runs: Any, i: int, j: int) -> float:
    """The Jaccard similarity of two rows' runs, 0 to 1."""
    one, other = (runs.indices[runs.indptr[k] : runs.indptr[k + 1]] for k in (i, j))
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both)
