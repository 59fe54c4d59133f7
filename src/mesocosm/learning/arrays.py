"""The arrays and columns that the folders of learning hand to each other. Knows numpy's types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, SupportsFloat, TypeAlias, cast

if TYPE_CHECKING:
    import numpy as np

    # features, scores, and targets, which are numbers or numbers of classes
    Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.floating | np.integer]]
    Floats: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.floating]]
    # positions of rows, counts
    Ints: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.integer]]
    # whether each row is meant
    Mask: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
else:  # commands that train nothing load this module, and need no numpy
    Array = Floats = Ints = Mask = object

Columns: TypeAlias = Mapping[str, Sequence[object]]  # cleaned columns by field


def read_number(value: object) -> float:
    """A cell of a field of numbers; NaN where it is missing."""
    if value is None:
        return float("nan")
    return float(cast(SupportsFloat, value))


def read_numbers(values: Iterable[object]) -> Floats:
    """A column of numbers; NaN where one is missing."""
    import numpy as np

    return np.array([read_number(value) for value in values], dtype=np.float64)


def take_rows(columns: Columns, names: Iterable[str], rows: Iterable[int]) -> Columns:
    """Some rows of some columns."""
    positions = list(rows)
    return {name: [columns[name][i] for i in positions] for name in names}


def collect_columns(names: Iterable[str], rows: Sequence[Mapping[str, object]]) -> Columns:
    """Rows as columns; None where a row lacks a field."""
    return {name: [row.get(name) for row in rows] for name in names}
