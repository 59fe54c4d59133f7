"""Which rows are left out together: one by one, in folds, and by group where equal ones must not
teach each other. Knows numpy and scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from mesocosm.learning.features.near_texts import alike

Array = np.ndarray[Any, Any]
Groups = Array | None  # the number of each row's group; None where each row is one of its own
ABSENT = float(np.log(1e-3))  # what a class is told at most by rows that hold none of it


LEAST_GROUPS = 30  # different rows from which on equal ones count as copies
MOST_SHARE = (
    0.1  # of all rows in one group, past which equal rows are no copies but a table of few values
)
DISTINCT = 20  # values of a column past which it counts as continuous
BLOCK = 2**20  # numbers of a table that are rounded at once


def folds(
    y: Array, classes: int, seed: int, most: int, groups: Groups = None
) -> list[tuple[Array, Array]]:
    """Up to `most` times the rows that teach and those left out; none where too few rows, or
    groups, are there.

    Each class is spread as evenly over the folds as its rows go; one with fewer rows than folds is
    missing from some of them. With groups each group is left out whole.

    Args:
        y: class numbers, numbers where `classes` is 0, or labels there or not (rows, labels).

    >>> sorted(out.tolist() for _, out in folds(np.array([0, 1, 0, 1]), 2, 7, 5, np.array([0, 0, 1, 1])))
    [[0, 1], [2, 3]]
    >>> len(folds(np.array([0, 1] * 50 + [2]), 3, 7, 5))
    5
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    one = bool(classes) and y.ndim == 1
    count = min(most, len(y) if groups is None else len(np.unique(groups)))
    if one and len(y) and (largest := int(np.bincount(y).max())) < count:
        count = largest if groups is None else count
        one = largest >= count
    if count < 2:
        return []
    if groups is None:
        kind = (StratifiedKFold if one else KFold)(count, shuffle=True, random_state=seed)
    else:
        kind = (StratifiedGroupKFold if one else GroupKFold)(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class of fewer rows than folds
        return [(rows, out) for rows, out in kind.split(y, y, groups) if len(rows) and len(out)]


def comparable(y: Array, classes: int) -> Array | None:
    """Which rows count where heads are compared: those of classes with two rows or more, since
    nothing else teaches the only row of its class.

    None where all rows count, or none would.

    >>> comparable(np.array([0, 1, 0, 1, 2]), 3).tolist()
    [True, True, True, True, False]
    """
    if not classes or y.ndim != 1 or not len(y):
        return None
    counts = np.bincount(y, minlength=classes)
    kept = counts[y] > 1
    return None if kept.all() or not kept.any() else np.asarray(kept)


class Shares:
    """What rows of a single class teach: that class."""

    def __init__(self, y: Array) -> None:
        self.classes_ = np.unique(y)

    def predict_proba(self, x: Array) -> Array:
        """One, for each row."""
        return np.ones((len(x), len(self.classes_)))


def together(
    texts: Sequence[str], images: Sequence[tuple[Any, ...]], table: Array, groups: Groups
) -> Groups:
    """The number of each row's group where equal and nearly equal rows, and rows of one group, are
    together; None where no two are.

    Texts are equal without case, spaces and marks, or nearly (four fifths of their runs of three
    characters are shared); numbers to a ten-thousandth of a standard deviation. In tables of few
    different rows equal rows are rows of their own, not copies: where no column is continuous and
    no row has a text or an image, where there are fewer than 30 different rows, and those of which
    a tenth of all rows are equal.

    >>> together(["Lost my card!", "lost my card", "hello"] * 40, [()] * 120, np.zeros((120, 0)), None) is None
    True
    """
    count = len(table)
    said = ["".join(c for c in text.casefold() if c.isalnum()) or text for text in texts] or [
        ""
    ] * count
    continuous = any(len(np.unique(table[:, j])) > DISTINCT for j in range(table.shape[1]))
    if not count or not (continuous or any(said) or any(any(i) for i in images)):
        return groups
    most = max(2, int(MOST_SHARE * count))
    near = alike(said).tolist() if any(said) else said
    cells = [
        _marks(table, shift) for shift in (0.0, 0.5)
    ]  # two grids: what an edge of one tears apart, the other keeps together
    equal = [
        _numbered([(said[i], images[i] if images else (), grid[i]) for i in range(count)])
        for grid in cells
    ]
    for words in (near, said) if any(said) else (said,):
        found = (
            equal
            if words is said
            else [
                _numbered([(words[i], images[i] if images else (), grid[i]) for i in range(count)])
                for grid in cells
            ]
        )
        if any(number.max() + 1 < min(count, LEAST_GROUPS) for number in found):
            # a table of few values, or texts of one pattern: nearly equal ones are rows of their
            # own, then equal ones are looked at alone
            continue
        apart = [
            _apart(_apart(number, finer, most), np.arange(count), most)
            for number, finer in zip(found, equal, strict=True)
        ]
        joined = groups
        for number in apart:
            if number.max() + 1 < count:
                joined = number if joined is None else merged(joined, number)
        return joined
    return groups


def _marks(table: Array, shift: float) -> list[bytes]:
    """A hash of each row's numbers to a ten-thousandth, a block of rows at a time, so that a wide
    table is not held again.
    """
    step = max(1, BLOCK // max(1, table.shape[1]))
    blocks = (
        np.round(table[i : i + step].astype(np.float64) * 1e4 + shift).astype(np.int64)
        for i in range(0, len(table), step)
    )
    return [blake2b(row.tobytes(), digest_size=16).digest() for block in blocks for row in block]


def _apart(number: Array, finer: Array, most: int) -> Array:
    """Groups, those of more than `most` rows replaced by finer ones.

    >>> _apart(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 2, 2]), 2).tolist()
    [1, 2, 2, 0, 0]
    """
    large = np.bincount(number)[number] > most
    return np.asarray(
        np.unique(np.where(large, finer + number.max() + 1, number), return_inverse=True)[1]
    )


def _numbered(keys: Sequence[Any]) -> Array:
    known: dict[Any, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)


def merged(first: Array, second: Array) -> Array:
    """The groups of rows that are together in either, or over others that are.

    >>> merged(np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7])).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    _, a = np.unique(first, return_inverse=True)
    _, b = np.unique(second, return_inverse=True)
    size = a.max() + 1 + b.max() + 1
    _, label = connected_components(
        coo_matrix((np.ones(len(a)), (a, a.max() + 1 + b)), shape=(size, size)), directed=False
    )
    _, number = np.unique(label[a], return_inverse=True)
    return np.asarray(number)


def blocks(groups: Array) -> list[Array]:
    """The rows of each group, those of one size together (groups, size).

    >>> [b.tolist() for b in blocks(np.array([4, 2, 4, 9]))]
    [[[1], [3]], [[0, 2]]]
    """
    order = np.argsort(groups, kind="stable")
    _, first, counts = np.unique(groups[order], return_index=True, return_counts=True)
    return [order[first[counts == size][:, None] + np.arange(size)] for size in np.unique(counts)]


def within(rows: Array, axes: Array, weights: Array) -> Array:
    """Of axes @ diag(weights) @ axes.T the squares on its diagonal that belong to blocks of rows
    (groups, size, size).
    """
    own = axes[rows]
    return np.asarray((own * weights) @ own.swapaxes(1, 2))


def mixed(count: int, rng: np.random.Generator, groups: Groups = None) -> Array:
    """Rows in an order drawn at random, those of a group beside each other."""
    order = rng.permutation(count)
    if groups is None:
        return order
    _, number = np.unique(groups, return_inverse=True)
    return (
        order[np.argsort(rng.permutation(number.max() + 1)[number[order]], kind="stable")]
        if count
        else order
    )


def cut(order: Array, held: int, groups: Groups = None) -> int:
    """How many of the rows in a mixed order are held: at least `held`, up to the end of a group; 0
    where only one group is there.

    >>> cut(np.array([2, 0, 1, 3]), 1, np.array([5, 7, 5, 8]))
    2
    """
    if groups is None or not held:
        return held
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    later = ends[ends >= held]
    return int(later[0]) if len(later) else int(ends[-1]) if len(ends) else 0


def numbered(values: Any) -> Groups:
    """The number of each value's group; one that is missing is a group of its own. None where no
    two are equal.

    >>> numbered(["b", None, "a", "b", None]).tolist()
    [0, 1, 2, 0, 3]
    >>> numbered(["a", "b", None]) is None
    True
    """
    known: dict[Any, int] = {}
    found = np.array(
        [known.setdefault(i if v is None else str(v), len(known)) for i, v in enumerate(values)],
        dtype=np.int64,
    )
    return found if len(known) < len(found) else None
