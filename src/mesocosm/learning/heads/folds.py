"""Which rows are left out together: one by one, in folds, and by group where duplicates must not
leak into the training rows. Knows numpy and scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from mesocosm.learning.features.near_texts import group_near_duplicates

Array = np.ndarray[Any, Any]
Groups = Array | None  # the number of each row's group; None where each row is one of its own
ABSENT = float(np.log(1e-3))  # log-probability of a class that the training rows do not hold


MIN_GROUPS = 30  # different rows from which on equal ones count as duplicates
# of all rows in one group, past which equal rows are no duplicates but a table of few values
MAX_SHARE = 0.1
DISTINCT = 20  # values of a column past which it counts as continuous
BLOCK = 2**20  # numbers of a table that are rounded at once


def make_folds(
    y: Array, classes: int, seed: int, most: int, groups: Groups = None
) -> list[tuple[Array, Array]]:
    """Up to `most` pairs of training rows and rows left out; none where rows, or groups, are too
    few.

    Each class is spread as evenly over the folds as its rows allow; one with fewer rows than folds
    is missing from some of them. With groups each group is left out whole.

    Args:
        y: class numbers, numbers where `classes` is 0, or 0/1 labels (rows, labels).

    >>> grouped = make_folds(np.array([0, 1, 0, 1]), 2, 7, 5, np.array([0, 0, 1, 1]))
    >>> sorted(out.tolist() for _, out in grouped)
    [[0, 1], [2, 3]]
    >>> len(make_folds(np.array([0, 1] * 50 + [2]), 3, 7, 5))
    5
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    stratified = bool(classes) and y.ndim == 1
    count = min(most, len(y) if groups is None else len(np.unique(groups)))
    if stratified and len(y):
        largest = int(np.bincount(y).max())
        if largest < count and groups is None:
            count = largest
        stratified = largest >= count
    if count < 2:
        return []
    splitters = {
        (False, False): KFold,
        (True, False): StratifiedKFold,
        (False, True): GroupKFold,
        (True, True): StratifiedGroupKFold,
    }
    splitter = splitters[stratified, groups is not None](count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class of fewer rows than folds
        pairs = list(splitter.split(y, y, groups))
    return [(rows, out) for rows, out in pairs if len(rows) and len(out)]


def comparable_rows(y: Array, classes: int) -> Array | None:
    """Which rows count where heads are compared: those of classes with two rows or more, since
    no other row trains the only row of its class.

    None where all rows count, or none would.

    >>> comparable_rows(np.array([0, 1, 0, 1, 2]), 3).tolist()
    [True, True, True, True, False]
    """
    if not classes or y.ndim != 1 or not len(y):
        return None
    counts = np.bincount(y, minlength=classes)
    counted = counts[y] > 1
    if counted.all() or not counted.any():
        return None
    return np.asarray(counted)


class SingleClass:
    """A classifier fitted on rows of a single class: it predicts that class."""

    def __init__(self, y: Array) -> None:
        self.classes_ = np.unique(y)

    def predict_proba(self, x: Array) -> Array:
        """Probability 1 for each row, (rows, 1)."""
        return np.ones((len(x), len(self.classes_)))


def group_duplicates(
    texts: Sequence[str], images: Sequence[tuple[Any, ...]], table: Array, groups: Groups
) -> Groups:
    """The number of each row's group, where duplicates, near-duplicates and rows of one group are
    together; None where no two are.

    Texts are equal without case, spaces and punctuation, or nearly (four fifths of their runs of
    three characters are shared); numbers to a ten-thousandth of a standard deviation. In tables of
    few different rows equal rows are no duplicates: where no column is continuous and no row has a
    text or an image, where there are fewer than 30 different rows, and those of which a tenth of
    all rows are equal.

    >>> texts = ["Lost my card!", "lost my card", "hello"] * 40
    >>> group_duplicates(texts, [()] * 120, np.zeros((120, 0)), None) is None
    True
    """
    count = len(table)
    normal = [_strip_text(text) for text in texts] or [""] * count
    distinctive = any(normal) or any(map(any, images)) or _has_continuous(table)
    if not count or not distinctive:
        return groups
    # two grids: what an edge of one tears apart, the other keeps together
    grids = [_hash_rows(table, shift) for shift in (0.0, 0.5)]
    row_images = list(images) or [()] * count
    equal = _number_rows(normal, row_images, grids)
    if any(normal):
        near = group_near_duplicates(normal).tolist()
        nearly = _number_rows(near, row_images, grids)
        if _count_distinct(nearly) >= min(count, MIN_GROUPS):
            return _merge_duplicates(nearly, equal, groups)
    # a table of few values, or texts of one pattern: nearly equal ones are rows of their own, and
    # equal ones alone are looked at
    if _count_distinct(equal) >= min(count, MIN_GROUPS):
        return _merge_duplicates(equal, equal, groups)
    return groups


def _count_distinct(numbers: Sequence[Array]) -> int:
    """The smallest number of different rows in any grid."""
    return min(int(number.max()) + 1 for number in numbers)


def _has_continuous(table: Array) -> bool:
    return any(len(np.unique(column)) > DISTINCT for column in table.T)


def _number_rows(
    texts: Sequence[Hashable],
    images: Sequence[tuple[Any, ...]],
    grids: Sequence[Sequence[bytes]],
) -> list[Array]:
    """By grid, the number of each row among rows equal in text, images and rounded numbers."""
    return [_number_keys(list(zip(texts, images, grid, strict=True))) for grid in grids]


def _strip_text(text: str) -> str:
    """A text's letters and digits without case; one that has none stays as it is."""
    return "".join(c for c in text.casefold() if c.isalnum()) or text


def _merge_duplicates(numbers: Sequence[Array], equal: Sequence[Array], groups: Groups) -> Groups:
    """The groups joined with those of duplicates by each grid, overlarge ones refined."""
    count = len(numbers[0])
    most = max(2, int(MAX_SHARE * count))
    joined = groups
    for number, finer in zip(numbers, equal, strict=True):
        refined = _refine_groups(number, finer, most)
        refined = _refine_groups(refined, np.arange(count), most)
        if refined.max() + 1 < count:
            joined = refined if joined is None else merge_groups(joined, refined)
    return joined


def _hash_rows(table: Array, shift: float) -> list[bytes]:
    """A hash of each row's numbers to a ten-thousandth, a block of rows at a time, so that a wide
    table is not copied whole.
    """
    step = max(1, BLOCK // max(1, table.shape[1]))
    hashes: list[bytes] = []
    for start in range(0, len(table), step):
        block = table[start : start + step].astype(np.float64)
        rounded = np.round(block * 1e4 + shift).astype(np.int64)
        hashes += [blake2b(row.tobytes(), digest_size=16).digest() for row in rounded]
    return hashes


def _refine_groups(number: Array, finer: Array, most: int) -> Array:
    """Groups, those of more than `most` rows replaced by finer ones.

    >>> _refine_groups(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 2, 2]), 2).tolist()
    [1, 2, 2, 0, 0]
    """
    large = np.bincount(number)[number] > most
    return np.asarray(
        np.unique(np.where(large, finer + number.max() + 1, number), return_inverse=True)[1]
    )


def _number_keys(keys: Sequence[Hashable]) -> Array:
    """The number of each key, in the order of first occurrence."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)


def merge_groups(first: Array, second: Array) -> Array:
    """The groups of rows that are together in either, or over others that are.

    >>> merge_groups(np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7])).tolist()
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


def group_blocks(groups: Array) -> list[Array]:
    """The rows of each group, those of one size together (groups, size).

    >>> [b.tolist() for b in group_blocks(np.array([4, 2, 4, 9]))]
    [[[1], [3]], [[0, 2]]]
    """
    order = np.argsort(groups, kind="stable")
    _, first, counts = np.unique(groups[order], return_index=True, return_counts=True)
    return [order[first[counts == size][:, None] + np.arange(size)] for size in np.unique(counts)]


def block_products(rows: Array, axes: Array, weights: Array) -> Array:
    """Of axes @ diag(weights) @ axes.T the squares on its diagonal that belong to blocks of rows
    (groups, size, size).
    """
    own = axes[rows]
    return np.asarray((own * weights) @ own.swapaxes(1, 2))


def shuffle_rows(count: int, rng: np.random.Generator, groups: Groups = None) -> Array:
    """Row numbers in random order, those of a group next to each other."""
    order = rng.permutation(count)
    if groups is None or not count:
        return order
    _, number = np.unique(groups, return_inverse=True)
    shuffled = rng.permutation(number.max() + 1)
    return order[np.argsort(shuffled[number[order]], kind="stable")]


def count_held_out(order: Array, held: int, groups: Groups = None) -> int:
    """How many of the shuffled rows are held out: at least `held`, up to the end of a group; 0
    where there is only one group.

    >>> count_held_out(np.array([2, 0, 1, 3]), 1, np.array([5, 7, 5, 8]))
    2
    """
    if groups is None or not held:
        return held
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    if not len(ends):
        return 0
    later = ends[ends >= held]
    return int(later[0]) if len(later) else int(ends[-1])


def number_groups(values: Any) -> Groups:
    """The number of each value's group; a missing one is a group of its own. None where no two are
    equal.

    >>> number_groups(["b", None, "a", "b", None]).tolist()
    [0, 1, 2, 0, 3]
    >>> number_groups(["a", "b", None]) is None
    True
    """
    keys = [i if value is None else str(value) for i, value in enumerate(values)]
    numbers = _number_keys(keys)
    if len(set(keys)) == len(keys):
        return None
    return numbers
