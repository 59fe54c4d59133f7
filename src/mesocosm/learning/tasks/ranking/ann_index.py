"""Approximate nearest neighbours where there are many items: those that may be among a user's
best, without scoring all of them. Knows arrays, voyager and its files.

Source: Malkov and Yashunin 2018, IEEE TPAMI (hierarchical navigable small worlds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
# items up to which all are looked at, and the matrix of who touched what together can be inverted
MAX_EXACT_ITEMS = 12_000
CANDIDATES = 300  # items that each way of looking brings
FILE = "near-{}.voy"


@dataclass
class AnnIndex:
    """Indexes of vectors whose products with a person's are what counts.

    Args:
        vectors: (items, width) each.
        indexes: one of voyager's for each.
        each: items that each brings.
    """

    vectors: list[Array]
    indexes: list[Any]
    each: int = CANDIDATES
    means: list[tuple[Array, Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.means = [
            (v.mean(0, dtype=np.float64), np.cov(v.T.astype(np.float64), bias=True))
            for v in self.vectors
        ]

    @classmethod
    def fit(cls, vectors: Sequence[Array]) -> AnnIndex:
        """Indexes of all vectors, made by one thread, so that the same vectors make the same."""
        from voyager import Index, Space

        made = []
        for some in vectors:
            index = Index(
                Space.InnerProduct,
                num_dimensions=some.shape[1],
                M=16,
                ef_construction=200,
                random_seed=1,
                max_elements=len(some),
            )
            index.add_items(np.ascontiguousarray(some, np.float32), num_threads=1)
            made.append(index)
        return cls(list(vectors), made)

    def of(self, asked: Sequence[Array]) -> Array:
        """The items whose products with each asked vector (1, width) are about the greatest."""
        found = [
            index.query(
                np.ascontiguousarray(a[0], np.float32),
                k=min(self.each, len(index)),
                query_ef=2 * self.each,
            )[0]
            for index, a in zip(self.indexes, asked, strict=True)
        ]
        return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)

    def level(self, at: int, asked: Array) -> tuple[float, float]:
        """Mean and deviation, over all items, of the products of the vectors `at` with one."""
        mean, spread = self.means[at]
        return float(mean @ asked), max(0.0, float(asked @ spread @ asked)) ** 0.5

    def save(self, folder: Path) -> None:
        """Write the indexes into a version's folder."""
        for k, index in enumerate(self.indexes):
            index.save(str(folder / FILE.format(k)))

    @classmethod
    def load(cls, folder: Path, vectors: Sequence[Array]) -> AnnIndex:
        """Read them again."""
        from voyager import Index, Space

        return cls(
            list(vectors),
            [
                Index.load(str(folder / FILE.format(k)), Space.InnerProduct, some.shape[1])
                for k, some in enumerate(vectors)
            ],
        )
