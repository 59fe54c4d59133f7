"""Which rows are left out together: one by one, in folds, and by group where duplicates must not
leak into the training rows. Knows numpy and scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterable, Sequence
from hashlib import blake2b
from typing import Protocol

import numpy as np

from mesocosm.learning.arrays import Array, Floats, Ints, Mask
from mesocosm.learning.features.near_texts import group_near_duplicates
from mesocosm.learning.heads.head import Groups as Groups

ABSENT = float(np.log(1e-3))  # log-probability of a class that the training rows do not hold


MIN_GROUPS = 30  # different rows from which on equal ones count as duplicates
# of all rows in one group, past which equal rows are no duplicates but a table of few values
MAX_SHARE = 0.1
DISTINCT = 20  # values of a column past which it counts as continuous
Fold = tuple[Ints, Ints]  # training rows, and rows left out
RowImages = tuple[Hashable, ...]  # the images of a row, one an input
BLOCK = 2**20  # numbers of a table that are rounded at once


class Splitter(Protocol):
    """What deals rows into folds."""

    def split(self, x: Array, y: Array, groups: Groups) -> Iterable[Fold]: ...


def make_folds(y: Array, classes: int, seed: int, most: int, groups: Groups = None) -> list[Fold]:
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

    stratified, count = _plan_folds(y, classes, most, groups)
    if count < 2:
        return []
    splitters: dict[tuple[bool, bool], Callable[..., Splitter]] = {
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


def _plan_folds(y: Array, classes: int, most: int, groups: Groups) -> tuple[bool, int]:
    """Whether classes are spread evenly over the folds, and how many folds there are."""
    count = min(most, _count_units(y, groups))
    if not classes or y.ndim != 1:
        return False, count
    if not len(y):
        return True, count
    largest = int(np.bincount(y).max())
    if largest < count and groups is None:
        count = largest
    return largest >= count, count


def _count_units(y: Array, groups: Groups) -> int:
    """How many units are left out as a whole: rows, or groups of them."""
    if groups is None:
        return len(y)
    return len(np.unique(groups))


def comparable_rows(y: Array, classes: int) -> Mask | None:
    """Which rows count where heads are compared: those of classes with two rows or more, since
    no other row trains the only row of its class.

    None where all rows count, or none would.

    >>> comparable_rows(np.array([0, 1, 0, 1, 2]), 3).tolist()
    [True, True, True, True, False]
    """
    if not classes or y.ndim != 1 or not len(y):
        return None
    counts = np.bincount(y, minlength=classes)
    counted: Mask = counts[y] > 1
    if counted.all() or not counted.any():
        return None
    return counted


class SingleClass:
    """A classifier fitted on rows of a single class: it predicts that class."""

    def __init__(self, y: Array) -> None:
        self.classes_: Ints = np.unique(y).astype(np.int64)

    def predict_proba(self, x: Array) -> Floats:
        """Probability 1 for each row, (rows, 1)."""
        return np.ones((len(x), len(self.classes_)))


def group_duplicates(
    texts: Sequence[str], images: Sequence[RowImages], table: Array, groups: Groups
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
    if not count or not _are_distinctive(normal, images, table):
        return groups
    # two grids: what an edge of one tears apart, the other keeps together
    grids = [_hash_rows(table, shift) for shift in (0.0, 0.5)]
    row_images: list[RowImages] = list(images) or [()] * count
    equal = _number_rows(normal, row_images, grids)
    nearly = equal
    if any(normal):
        near: list[int] = group_near_duplicates(normal).tolist()
        nearly = _number_rows(near, row_images, grids)
    # in a table of few values, or texts of one pattern, nearly equal ones are rows of their own,
    # and equal ones alone are looked at
    for numbers in (nearly, equal):
        if _have_enough_distinct(numbers, count):
            return _merge_duplicates(numbers, equal, groups)
    return groups


def _are_distinctive(texts: Sequence[str], images: Sequence[RowImages], table: Array) -> bool:
    """Whether equal rows are unlikely to be equal by chance."""
    return any(texts) or any(map(any, images)) or _has_continuous(table)


def _have_enough_distinct(numbers: Sequence[Ints], count: int) -> bool:
    """Whether every grid has so many different rows that equal ones count as duplicates."""
    return min(int(number.max()) + 1 for number in numbers) >= min(count, MIN_GROUPS)


def _has_continuous(table: Array) -> bool:
    return any(len(np.unique(table[:, k])) > DISTINCT for k in range(table.shape[1]))


def _number_rows(
    texts: Sequence[Hashable],
    images: Sequence[RowImages],
    grids: Sequence[Sequence[bytes]],
) -> list[Ints]:
    """By grid, the number of each row among rows equal in text, images and rounded numbers."""
    return [_number_keys(list(zip(texts, images, grid, strict=True))) for grid in grids]


def _strip_text(text: str) -> str:
    """A text's letters and digits without case; one that has none stays as it is."""
    return "".join(c for c in text.casefold() if c.isalnum()) or text


def _merge_duplicates(numbers: Sequence[Ints], equal: Sequence[Ints], groups: Groups) -> Groups:
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
        rounded: Iterable[Ints] = np.round(block * 1e4 + shift).astype(np.int64)
        hashes += [blake2b(row.tobytes(), digest_size=16).digest() for row in rounded]
    return hashes


def _refine_groups(number: Ints, finer: Ints, most: int) -> Ints:
    """Groups, those of more than `most` rows replaced by finer ones.

    >>> _refine_groups(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 2, 2]), 2).tolist()
    [1, 2, 2, 0, 0]
    """
    large: Mask = np.bincount(number)[number] > most
    refined = np.where(large, finer + _count_numbers(number), number)
    return np.unique(refined, return_inverse=True)[1]


def _count_numbers(number: Ints) -> int:
    """How many numbers there are up to the greatest of these, 0 among them."""
    return int(number.max()) + 1


def _number_keys(keys: Sequence[Hashable]) -> Ints:
    """The number of each key, in the order of first occurrence."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)


def merge_groups(first: Ints, second: Ints) -> Ints:
    """The groups of rows that are together in either, or over others that are.

    >>> merge_groups(np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7])).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    _, a = np.unique(first, return_inverse=True)
    _, b = np.unique(second, return_inverse=True)
    offset = _count_numbers(a)
    size = offset + _count_numbers(b)
    edges = coo_matrix((np.ones(len(a)), (a, offset + b)), shape=(size, size))
    label: Ints = connected_components(edges, directed=False)[1]
    return np.unique(label[a], return_inverse=True)[1]


def group_blocks(groups: Ints) -> list[Ints]:
    """The rows of each group, those of one size together (groups, size).

    >>> [b.tolist() for b in group_blocks(np.array([4, 2, 4, 9]))]
    [[[1], [3]], [[0, 2]]]
    """
    order = np.argsort(groups, kind="stable")
    _, first, counts = np.unique(groups[order], return_index=True, return_counts=True)
    sizes: list[int] = np.unique(counts).tolist()
    return [order[first[counts == size][:, None] + np.arange(size)] for size in sizes]


def block_products(rows: Ints, axes: Floats, weights: Floats) -> Floats:
    """Of axes @ diag(weights) @ axes.T the squares on its diagonal that belong to blocks of rows
    (groups, size, size).
    """
    own = axes[rows]
    return (own * weights) @ own.swapaxes(1, 2)


def shuffle_rows(count: int, rng: np.random.Generator, groups: Groups = None) -> Ints:
    """Row numbers in random order, those of a group next to each other."""
    order: Ints = rng.permutation(count)
    if groups is None or not count:
        return order
    _, number = np.unique(groups, return_inverse=True)
    shuffled: Ints = rng.permutation(_count_numbers(number))
    return order[np.argsort(shuffled[number[order]], kind="stable")]


def count_held_out(order: Ints, held: int, groups: Groups = None) -> int:
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
    if not len(later):
        return int(ends[-1])
    return int(later[0])


def number_groups(values: Iterable[object]) -> Groups:
    """The number of each value's group; a missing one is a group of its own. None where no two are
    equal.

    >>> number_groups(["b", None, "a", "b", None]).tolist()
    [0, 1, 2, 0, 3]
    >>> number_groups(["a", "b", None]) is None
    True
    """
    keys: list[int | str] = []
    for i, value in enumerate(values):
        keys.append(i if value is None else str(value))
    numbers = _number_keys(keys)
    if len(set(keys)) == len(keys):
        return None
    return numbers
