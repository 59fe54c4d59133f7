"""Near-duplicate texts: candidates by MinHash over runs of three characters, confirmed by the runs
that they share. Knows texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MIN_OVERLAP = 0.8  # Jaccard similarity of two texts' runs, from which they are near-duplicates
MAX_TEXTS = 30_000  # texts that are compared
BANDS, ROWS = 12, 6  # texts of similarity 0.8 are found with probability 0.97, of 0.9 with 0.9999
PRIME = 2**31 - 1
SPACE = 2**20  # hash buckets of runs
DIGITS = re.compile(r"\d+")


def group_near_duplicates(texts: Sequence[str]) -> Ints:
    """The number of each text's group; near-duplicates, also over others, share one. Texts with
    different numbers in them are different.

    Source: Broder 1997, On the resemblance and containment of documents; Leskovec, Rajaraman and
    Ullman, Mining of Massive Datasets, 3.4 (bands).

    >>> texts = ["please refund my transfer", "please refund my transfers", "where is my card"]
    >>> group_near_duplicates(texts).tolist()
    [0, 0, 1]
    """
    number, distinct = _number_texts(texts)
    if not 1 < len(distinct) <= MAX_TEXTS:
        return number
    pairs = _find_pairs(distinct)
    if not pairs:
        return number
    label = _connect(pairs, len(distinct))
    return np.unique(label[number], return_inverse=True)[1]


def _number_texts(texts: Sequence[str]) -> tuple[Ints, list[str]]:
    """The number of each text among the distinct ones, case and spaces aside, and these."""
    numbers: dict[str, int] = {}
    for text in texts:
        numbers.setdefault(_normalize(text), len(numbers))
    number = np.array([numbers[_normalize(text)] for text in texts], dtype=np.int64)
    return number, list(numbers)


def _normalize(text: str) -> str:
    return " ".join(text.casefold().split())


def _find_pairs(distinct: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of texts that are near-duplicates."""
    runs = _count_runs(distinct)
    pairs = []
    for i, j in _find_candidates(runs):
        if _overlap(runs, i, j) >= MIN_OVERLAP and _share_numbers(distinct[i], distinct[j]):
            pairs.append((i, j))
    return pairs


def _share_numbers(text: str, other: str) -> bool:
    return DIGITS.findall(text) == DIGITS.findall(other)


def _connect(pairs: Sequence[tuple[int, int]], count: int) -> Ints:
    """The number of each text's group, where pairs are of one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    i, j = np.array(pairs).T
    edges = coo_matrix((np.ones(len(i)), (i, j)), shape=(count, count))
    label: Ints = connected_components(edges, directed=False)[1]
    return label


def _count_runs(distinct: Sequence[str]) -> csr_matrix:
    """Which runs of three characters each text has, (texts, buckets)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    runs: csr_matrix = HashingVectorizer(
        analyzer="char",
        ngram_range=(3, 3),
        n_features=SPACE,
        binary=True,
        norm=None,
        alternate_sign=False,
    ).transform(distinct)
    runs.sort_indices()
    return runs


def _find_candidates(runs: csr_matrix) -> set[tuple[int, int]]:
    """Pairs of rows whose MinHash signatures agree in a band."""
    pairs: set[tuple[int, int]] = set()
    filled = np.flatnonzero(np.diff(runs.indptr))
    if not len(filled):
        return pairs
    rng, starts = np.random.default_rng(7), runs.indptr[filled]
    ids = runs.indices.astype(np.int64) + 1
    for _ in range(BANDS):
        signatures = _hash_rows(ids, starts, rng.integers(1, PRIME, (ROWS, 2)))
        order = np.lexsort(signatures.T)
        same = (np.diff(signatures[order], axis=0) == 0).all(1)
        first, second = filled[order[:-1][same]], filled[order[1:][same]]
        pairs.update(zip(first.tolist(), second.tolist(), strict=True))
    return pairs


def _hash_rows(ids: Ints, starts: Ints, factors: Ints) -> Ints:
    """The least hash of each row's runs, (rows, hashes), by linear hashes."""
    pairs: list[list[int]] = factors.tolist()
    return np.stack([np.minimum.reduceat((a * ids + b) % PRIME, starts) for a, b in pairs], 1)


def _runs_of(runs: csr_matrix, row: int) -> Ints:
    return runs.indices[runs.indptr[row] : runs.indptr[row + 1]]


def _overlap(runs: csr_matrix, i: int, j: int) -> float:
    """The Jaccard similarity of two rows' runs, 0 to 1."""
    one, other = _runs_of(runs, i), _runs_of(runs, j)
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both)
