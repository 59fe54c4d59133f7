"""Which rows to label next: those a model is unsure of, and unlike each other. Knows probabilities
and features.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
POOL = 10  # how many unsure rows stand by for each that is chosen


def margins(p: Array) -> Array:
    """How far the first class is ahead of the second, 0 to 1.

    >>> margins(np.array([[0.5, 0.4, 0.1], [0.9, 0.1, 0.0]])).round(2).tolist()
    [0.1, 0.8]
    """
    top = np.sort(p, 1)
    return np.asarray(top[:, -1] - top[:, -2])


def pick(p: Array, x: Array, most: int) -> list[int]:
    """Positions of up to `most` rows, the first the least sure; each next is unsure and far from
    those before.

    Args:
        p: probabilities (rows, classes).
        x: features (rows, width), by which rows are alike.

    Source: Settles 2009, Active Learning Literature Survey (margins); Sener and Savarese 2018,
    arXiv 1708.00489 (k-centre).
    """
    ahead = margins(p)
    pool = np.argsort(ahead, kind="stable")[: POOL * most]
    if not len(pool):
        return []
    x, doubt = x[pool], 1 - ahead[pool]
    chosen = [0]
    far = ((x - x[0]) ** 2).sum(1)
    while len(chosen) < min(most, len(pool)):
        worth = np.sqrt(far) * (doubt + 1e-6)  # a model that is all sure still tells rows apart
        worth[chosen] = -1
        best = int(worth.argmax())
        if far[best] <= 1e-12:  # what is left says the same as what was chosen
            break
        chosen.append(best)
        far = np.minimum(far, ((x - x[best]) ** 2).sum(1))
    return [int(pool[i]) for i in chosen]
