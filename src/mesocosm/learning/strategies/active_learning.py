"""Active learning: which rows to label next, those of low confidence that differ from each other.
Knows probabilities and features.
"""

from __future__ import annotations

import numpy as np

from mesocosm.learning.arrays import Array, Floats, Ints

POOL = 10  # candidates of low confidence for each row that is selected


def measure_margins(p: Array) -> Floats:
    """The difference between the two highest probabilities of each row, 0 to 1.

    >>> measure_margins(np.array([[0.5, 0.4, 0.1], [0.9, 0.1, 0.0]])).round(2).tolist()
    [0.1, 0.8]
    """
    top: Floats = np.sort(p, 1)
    return top[:, -1] - top[:, -2]


def select_rows(p: Array, x: Array, most: int) -> list[int]:
    """Positions of up to `most` rows, the first of the least confidence; each next is of low
    confidence and far from those before.

    Args:
        p: probabilities (rows, classes).
        x: features (rows, width), which distances are measured on.

    Source: Settles 2009, Active Learning Literature Survey (margins); Sener and Savarese 2018,
    arXiv 1708.00489 (k-centre).
    """
    ahead = measure_margins(p)
    pool: Ints = np.argsort(ahead, kind="stable")[: POOL * most]
    if not len(pool):
        return []
    candidates, doubt = x[pool], 1 - ahead[pool]
    chosen = [0]
    far = _squared_distances(candidates, 0)
    while len(chosen) < min(most, len(pool)):
        worth = np.sqrt(far) * (doubt + 1e-6)  # distances count where confidence is 1 everywhere
        worth[chosen] = -1
        best = int(worth.argmax())
        if far[best] <= 1e-12:  # the rows that are left are duplicates of selected ones
            break
        chosen.append(best)
        far = np.minimum(far, _squared_distances(candidates, best))
    selected: list[int] = pool[chosen].tolist()
    return selected


def _squared_distances(x: Array, row: int) -> Floats:
    """The squared distances of all rows from one of them."""
    distances: Floats = ((x - x[row]) ** 2).sum(1)
    return distances
