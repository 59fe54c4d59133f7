"""Slices: subsets of the test rows by one input, where the model errs more than elsewhere.

Knows columns and errors. A slice is named by its input and range; private inputs are left out by
the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.core.messages.stored import text_to_json
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Columns, Floats, Mask, read_numbers
from mesocosm.learning.features.tabular import DATES, day_of

Slice = tuple[Message, Mask]  # its name, and whether each row is in it
MIN_ROWS = 20
MAX_SLICES = 5
FALSE_DISCOVERY_RATE = 0.1
NUMBERS = ("number", "integer")
QUARTERS = (0, 0.25, 0.5, 0.75, 1)
THIRDS = (0, 1 / 3, 2 / 3, 1)
EPOCH = np.datetime64("2000-01-01")  # what days of dates are counted from


def slices_of(name: str, values: Sequence[object], kind: str) -> Iterator[Slice]:
    """The slices by one input: quarters of a number or a date, values of a category, thirds of a
    text's length, and the rows where it is missing.
    """
    missing: Mask = np.array([v is None for v in values], np.bool_)
    if missing.any():
        yield Message("learning.slice.missing", name=name), missing
    if kind != "image":
        yield from _find_slicer(kind)(name, values)


def _find_slicer(kind: str) -> Callable[[str, Sequence[object]], Iterator[Slice]]:
    """What cuts an input of a type into slices."""
    if kind in DATES:
        return _date_slices
    if kind in NUMBERS:
        return _number_slices
    if kind == "text":
        return _text_slices
    return _category_slices


def _date_slices(name: str, values: Sequence[object]) -> Iterator[Slice]:
    days = read_numbers(day_of(value) for value in values)
    for low, high, inside in _ranges(days, QUARTERS):
        low_day, high_day = _name_day(low), _name_day(high)
        yield Message("learning.slice.dates", name=name, low=low_day, high=high_day), inside


def _name_day(day: float) -> str:
    return str(EPOCH + np.timedelta64(int(day), "D"))


def _number_slices(name: str, values: Sequence[object]) -> Iterator[Slice]:
    for low, high, inside in _ranges(read_numbers(values), QUARTERS):
        yield Message("learning.slice.range", name=name, low=f"{low:g}", high=f"{high:g}"), inside


def _text_slices(name: str, values: Sequence[object]) -> Iterator[Slice]:
    lengths = read_numbers(_text_length(value) for value in values)
    for low, high, inside in _ranges(lengths, THIRDS):
        low_length, high_length = f"{low:g}", f"{high:g}"
        yield (
            Message("learning.slice.length", name=name, low=low_length, high=high_length),
            inside,
        )


def _text_length(value: object) -> int | None:
    if value is None:
        return None
    return len(str(value))


def _category_slices(name: str, values: Sequence[object]) -> Iterator[Slice]:
    for value in sorted({str(v) for v in values if v is not None}):
        inside = [v is not None and str(v) == value for v in values]
        yield Message("learning.slice.is", name=name, value=value), np.array(inside, np.bool_)


def _ranges(numbers: Floats, quantiles: Sequence[float]) -> Iterator[tuple[float, float, Mask]]:
    """Ranges between quantiles of the numbers that are there (NaN is missing): low, high, and
    whether each number is inside; the last range holds its upper end.
    """
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        return
    ends: list[float] = np.unique(np.quantile(present, quantiles)).tolist()
    for low, high in pairwise(ends):
        above: Mask = numbers >= low
        below: Mask = numbers < high
        if high == ends[-1]:
            below = numbers <= high
        yield low, high, above & below


@dataclass(frozen=True, slots=True)
class _TestedSlice:
    """A slice, its accuracy, and the probability of as many errors by chance."""

    where: Message
    rows: int
    accuracy: float
    p: float

    def to_json(self) -> dict[str, Json]:
        """The record with the slice's name in English, and as a message."""
        return {
            **text_to_json("where", self.where),
            "rows": self.rows,
            "accuracy": self.accuracy,
            "p": self.p,
        }


def find_weak_slices(
    rows: Columns, kinds: Mapping[str, str], wrong: Array
) -> list[dict[str, Json]]:
    """Slices with more errors than the whole, by a one-sided binomial test with a false discovery
    rate of 10 % over all slices.

    Args:
        rows: test values of each input that may be named.
        wrong: whether each test row was predicted wrongly.

    Source: Benjamini and Hochberg 1995, JRSS B 57 (false discovery rate); Chung et al. 2019, arXiv
    1807.06068 (slices).
    """
    tested: list[_TestedSlice] = []
    for name, values in rows.items():
        for where, inside in slices_of(name, values, kinds[name]):
            if MIN_ROWS <= int(inside.sum()) < len(wrong):
                tested.append(_test_slice(where, inside, wrong))
    tested.sort(key=lambda one: one.p)
    count = 0
    for i, one in enumerate(tested, 1):
        if one.p <= FALSE_DISCOVERY_RATE * i / len(tested):
            count = i
    weakest = tested[: min(count, MAX_SLICES)]
    return [replace(one, p=round(one.p, 6)).to_json() for one in weakest]


def _test_slice(where: Message, inside: Mask, wrong: Array) -> _TestedSlice:
    """A slice with the p of a one-sided binomial test of its errors."""
    from scipy.stats import binom

    count, errors = int(inside.sum()), int(wrong[inside].sum())
    p = float(binom.sf(errors - 1, count, float(wrong.mean())))
    return _TestedSlice(where, count, round(1 - errors / count, 4), p)
