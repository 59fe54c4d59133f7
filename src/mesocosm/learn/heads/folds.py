"""Which rows are left out together: one by one, in folds, and by group where equal ones must not teach each other. Knows numpy and scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Groups = Array | None  # the number of each row's group; None where each row is one of its own
ABSENT = float(np.log(1e-3))  # what a class is told at most by rows that hold none of it


def folds(y: Array, classes: int, seed: int, most: int, groups: Groups = None) -> list[tuple[Array, Array]]:
    """Up to `most` times the rows that teach and those left out; none where too few rows, or groups, are there.

    Without groups every class is in every fold. With them each group is left out whole, with the shares of classes as even as it goes.

    Args:
        y: class numbers, numbers where `classes` is 0, or labels there or not (rows, labels).

    >>> sorted(out.tolist() for _, out in folds(np.array([0, 1, 0, 1]), 2, 7, 5, np.array([0, 0, 1, 1])))
    [[0, 1], [2, 3]]
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    one = bool(classes) and y.ndim == 1
    if groups is not None:
        count = min(most, len(np.unique(groups)))
        if count < 2:
            return []
        again = StratifiedGroupKFold(count, shuffle=True, random_state=seed) if one and np.bincount(y).max() >= count else GroupKFold(count, shuffle=True, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class of fewer rows than folds
            return [(rows, out) for rows, out in again.split(y, y, groups) if len(rows) and len(out)]
    count = int(min(most, np.bincount(y, minlength=classes).min() if one else len(y)))
    if count < 2:
        return []
    return list((StratifiedKFold if one else KFold)(count, shuffle=True, random_state=seed).split(y, y))


def blocks(groups: Array) -> list[Array]:
    """The rows of each group, those of one size together (groups, size).

    >>> [b.tolist() for b in blocks(np.array([4, 2, 4, 9]))]
    [[[1], [3]], [[0, 2]]]
    """
    order = np.argsort(groups, kind="stable")
    _, first, counts = np.unique(groups[order], return_index=True, return_counts=True)
    return [order[first[counts == size][:, None] + np.arange(size)] for size in np.unique(counts)]


def within(rows: Array, axes: Array, weights: Array) -> Array:
    """Of axes @ diag(weights) @ axes.T the squares on its diagonal that belong to blocks of rows (groups, size, size)."""
    own = axes[rows]
    return np.asarray((own * weights) @ own.swapaxes(1, 2))


def mixed(count: int, rng: np.random.Generator, groups: Groups = None) -> Array:
    """Rows in an order drawn at random, those of a group beside each other."""
    order = rng.permutation(count)
    if groups is None:
        return order
    _, number = np.unique(groups, return_inverse=True)
    return order[np.argsort(rng.permutation(number.max() + 1)[number[order]], kind="stable")] if count else order


def cut(order: Array, held: int, groups: Groups = None) -> int:
    """How many of the rows in a mixed order are held: at least `held`, up to the end of a group; 0 where only one group is there.

    >>> cut(np.array([2, 0, 1, 3]), 1, np.array([5, 7, 5, 8]))
    2
    """
    if groups is None or not held:
        return held
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    later = ends[ends >= held]
    return int(later[0]) if len(later) else int(ends[-1]) if len(ends) else 0


def numbered(values: Any) -> Groups:
    """The number of each value's group; one that is missing is a group of its own. None where no two are equal.

    >>> numbered(["b", None, "a", "b", None]).tolist()
    [0, 1, 2, 0, 3]
    >>> numbered(["a", "b", None]) is None
    True
    """
    known: dict[Any, int] = {}
    found = np.array([known.setdefault(i if v is None else str(v), len(known)) for i, v in enumerate(values)], dtype=np.int64)
    return found if len(known) < len(found) else None
