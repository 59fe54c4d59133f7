"""A table of texts as codes: each column's distinct values, how often each stands, what number it
is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Cells: TypeAlias = "dict[str, list[str]]"  # texts by column; empty where none stands

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
GAP_WORDS = frozenset({"", "-", "?", "na", "n/a", "nan", "none", "null", "unknown", "missing"})
MOSTLY = 0.7  # of a column's values that are numbers: it is one of numbers


def to_number(text: str) -> float:
    """The figure that a text is, or nan."""
    return float(text) if NUMBER.fullmatch(text) else float("nan")


class TextColumn:
    """One column: a code for each row, and values and counts for each code."""

    def __init__(self, texts: Sequence[str]) -> None:
        places: dict[str, int] = {}
        self.codes: Ints = np.array([places.setdefault(t, len(places)) for t in texts], np.int64)
        self.values = list(places)
        self.places = places
        self.counts: Ints = np.bincount(self.codes, minlength=len(places)).astype(np.int64)
        self.numbers: Floats = np.array([to_number(v) for v in self.values], np.float64)

    def count_of(self, text: str) -> int:
        """In how many rows a text stands."""
        place = self.places.get(text)
        return 0 if place is None else int(self.counts[place])

    @cached_property
    def gaps(self) -> npt.NDArray[np.bool_]:
        """Which values say that there is none."""
        return np.array([v.strip().lower() in GAP_WORDS for v in self.values], np.bool_)

    @cached_property
    def number_share(self) -> float:
        """The share of the rows with a value in which it is a number."""
        told = self.counts[~self.gaps].sum()
        return float(self.counts[~np.isnan(self.numbers)].sum() / max(1, told))

    @property
    def is_numeric(self) -> bool:
        """Whether it is mostly of numbers."""
        return self.number_share >= MOSTLY

    @cached_property
    def row_numbers(self) -> Floats:
        """The number of each row."""
        return self.numbers[self.codes]

    @cached_property
    def decimals(self) -> int:
        """The digits after the point that most numbers have."""
        digits: dict[int, int] = {}
        for value, count, number in zip(self.values, self.counts, self.numbers, strict=True):
            if not np.isnan(number):
                places = len(value.partition(".")[2])
                digits[places] = digits.get(places, 0) + int(count)
        return max(digits, key=lambda d: digits[d]) if digits else 0


@dataclass
class TextTable:
    """Columns of one length."""

    columns: dict[str, TextColumn]

    @classmethod
    def of(cls, cells: Mapping[str, Sequence[str]]) -> TextTable:
        """The table of texts by column."""
        return cls({name: TextColumn(texts) for name, texts in cells.items()})

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.columns)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())).codes) if self.columns else 0

    def text(self, row: int, name: str) -> str:
        """One cell."""
        column = self.columns[name]
        return column.values[int(column.codes[row])]
