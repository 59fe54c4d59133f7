"""Approximate nearest neighbours where there are many items: those that may be among a user's
best, without scoring all of them. Knows arrays, voyager and its files.

Source: Malkov and Yashunin 2018, IEEE TPAMI (hierarchical navigable small worlds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Floats, Ints

if TYPE_CHECKING:
    from voyager import Index

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

    vectors: list[Floats]
    indexes: list[Index]
    each: int = CANDIDATES
    means: list[tuple[Floats, Floats]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.means = [
            (v.mean(0, dtype=np.float64), np.cov(v.T.astype(np.float64), bias=True))
            for v in self.vectors
        ]

    @classmethod
    def fit(cls, vectors: Sequence[Floats]) -> AnnIndex:
        """Indexes of all vectors, made by one thread, so that the same vectors make the same."""
        from voyager import Index, Space

        made: list[Index] = []
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

    def of(self, asked: Sequence[Floats]) -> Ints:
        """The items whose products with each asked vector (1, width) are about the greatest."""
        found: list[Ints] = [np.zeros(0, np.int64)]
        for index, vectors in zip(self.indexes, asked, strict=True):
            query = np.ascontiguousarray(vectors[0], np.float32)
            most = min(self.each, len(index))
            items, _ = index.query(query, k=most, query_ef=2 * self.each)
            found.append(items.astype(np.int64))
        return np.concatenate(found)

    def level(self, at: int, asked: Floats) -> tuple[float, float]:
        """Mean and deviation, over all items, of the products of the vectors `at` with one."""
        mean, spread = self.means[at]
        return float(mean @ asked), max(0.0, float(asked @ spread @ asked)) ** 0.5

    def save(self, folder: Path) -> None:
        """Write the indexes into a version's folder."""
        for k, index in enumerate(self.indexes):
            index.save(str(folder / FILE.format(k)))

    @classmethod
    def load(cls, folder: Path, vectors: Sequence[Floats]) -> AnnIndex:
        """Read them again."""
        from voyager import Index, Space

        return cls(
            list(vectors),
            [
                Index.load(str(folder / FILE.format(k)), Space.InnerProduct, some.shape[1])
                for k, some in enumerate(vectors)
            ],
        )
