"""What is fitted on the training rows of a field, as JSON: bounds, imputed values, units.

Knows shapes only. A key is missing where its step is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix: TypeAlias = npt.NDArray[np.float64]  # [rows, fields], nan where a value is missing

FillValue: TypeAlias = str | float  # of a missing value
Tree: TypeAlias = "list[int | float | Tree] | float"  # [field, cut, left, right], or a depth


class Bounds(TypedDict):
    """The least and the greatest value that is no outlier."""

    low: float
    high: float


class DetectorFacts(TypedDict, total=False):
    """What an outlier detector fitted: bounds, with those of each group, or a forest of cuts."""

    low: float
    high: float
    groups: dict[str, Bounds]
    fields: list[str]
    middle: list[float]
    trees: list[Tree]


class ImputerFacts(TypedDict, total=False):
    """What an imputer fitted: a value, with that of each group, and a model of other fields."""

    fill: FillValue
    groups: dict[str, FillValue]
    whole: bool
    fields: list[str]
    means: list[float]
    weights: list[float]
    intercept: float
    centre: list[float]
    scale: list[float]
    donors: list[list[float | None]]
    values: list[float]


class FieldFacts(ImputerFacts, total=False):
    """All that is known of a field before its values are read and cleaned."""

    fence: DetectorFacts
    decimal: str
    order: str
    units: dict[str, float]
    offsets: dict[str, Sequence[float]]


RepairFacts: TypeAlias = Mapping[str, Mapping[str, str] | Sequence[str]]
"""Tables of values by the field that they are looked up by, or lists of values."""
