"""Sentence pairs: the two texts of a row are encoded apart and their features combined. Knows
vectors only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Floats

APART = "\u2063"  # stands between the two in one text; no word and no space


def combine_sides(u: Floats, v: Floats) -> Floats:
    """Features of pairs (rows, 4 x width) from those of each side: both halved, how far apart they
    are in each direction, and their products.

    Source: Conneau et al. 2017, arXiv 1705.02364; Reimers and Gurevych 2019, arXiv 1908.10084.

    >>> import numpy as np
    >>> combine_sides(np.array([[1.0, 0.0]]), np.array([[0.6, 0.8]])).round(2).tolist()
    [[0.5, 0.0, 0.3, 0.4, 0.4, 0.8, 0.85, 0.0]]
    """
    import numpy as np

    return np.hstack([u / 2, v / 2, np.abs(u - v), u * v * np.sqrt(u.shape[1])]).astype(u.dtype)


def encode_pairs(texts: Sequence[str], features: Callable[[Sequence[str]], Floats]) -> Floats:
    """Features of texts that hold two each with `APART` between; every side is read once."""
    left: list[str] = []
    right: list[str] = []
    for text in texts:
        first, _, second = text.partition(APART)
        left.append(first)
        right.append(second)
    both = features([*left, *right])
    return combine_sides(both[: len(left)], both[len(left) :])
