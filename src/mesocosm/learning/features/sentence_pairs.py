"""Two texts of a row read apart and laid side by side, where the question is how they stand to each
other. Knows vectors only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
APART = "\u2063"  # stands between the two in one text; no word and no space


def side_by_side(u: Array, v: Array) -> Array:
    """Features of pairs (rows, 4 x width) from those of each side: both halved, how far apart they
    are in each direction, and their products.

    Source: Conneau et al. 2017, arXiv 1705.02364; Reimers and Gurevych 2019, arXiv 1908.10084.

    >>> import numpy as np
    >>> side_by_side(np.array([[1.0, 0.0]]), np.array([[0.6, 0.8]])).round(2).tolist()
    [[0.5, 0.0, 0.3, 0.4, 0.4, 0.8, 0.85, 0.0]]
    """
    import numpy as np

    return np.hstack([u / 2, v / 2, np.abs(u - v), u * v * np.sqrt(u.shape[1])]).astype(u.dtype)


def of_pairs(texts: Sequence[str], features: Callable[[Sequence[str]], Array]) -> Array:
    """Features of texts that hold two each with `APART` between; every side is read once."""
    left, right = (
        list(side) for side in zip(*((t.split(APART, 1) + [""])[:2] for t in texts), strict=True)
    )
    both = features([*left, *right])
    return side_by_side(both[: len(left)], both[len(left) :])
