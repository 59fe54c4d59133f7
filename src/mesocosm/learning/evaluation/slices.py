"""Slices: subsets of the test rows by one input, where the model errs more than elsewhere.

Knows columns and errors. A slice is named by its input and range; private inputs are left out by
the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from mesocosm.learning.features.tabular import DATES, day_of

Array = np.ndarray[Any, Any]
Slice = tuple[str, Array]  # its name, and whether each row is in it
MIN_ROWS = 20
MAX_SLICES = 5
FALSE_DISCOVERY_RATE = 0.1
NUMBERS = ("number", "integer")
QUARTERS = (0, 0.25, 0.5, 0.75, 1)
THIRDS = (0, 1 / 3, 2 / 3, 1)
EPOCH = np.datetime64("2000-01-01")  # what days of dates are counted from


def slices_of(name: str, values: Sequence[Any], kind: str) -> Iterator[Slice]:
    """The slices by one input: quarters of a number or a date, values of a category, thirds of a
    text's length, and the rows where it is missing.
    """
    missing = np.array([v is None for v in values])
    if missing.any():
        yield f"{name} is missing", missing
    if kind == "image":
        return
    if kind in DATES:
        yield from _date_slices(name, values)
    elif kind in NUMBERS:
        yield from _number_slices(name, values)
    elif kind == "text":
        yield from _text_slices(name, values)
    else:
        yield from _category_slices(name, values)


def _date_slices(name: str, values: Sequence[Any]) -> Iterator[Slice]:
    days = [np.nan if v is None else day_of(v) for v in values]
    for low, high, inside in _ranges(days, QUARTERS):
        first, last = (EPOCH + np.timedelta64(int(d), "D") for d in (low, high))
        yield f"{name} from {first} to {last}", inside


def _number_slices(name: str, values: Sequence[Any]) -> Iterator[Slice]:
    numbers = [np.nan if v is None else float(v) for v in values]
    for low, high, inside in _ranges(numbers, QUARTERS):
        yield f"{name} {low:g} to {high:g}", inside


def _text_slices(name: str, values: Sequence[Any]) -> Iterator[Slice]:
    lengths = [np.nan if v is None else float(len(str(v))) for v in values]
    for low, high, inside in _ranges(lengths, THIRDS):
        yield f"{name} has {low:g} to {high:g} characters", inside


def _category_slices(name: str, values: Sequence[Any]) -> Iterator[Slice]:
    for value in sorted({str(v) for v in values if v is not None}):
        inside = [v is not None and str(v) == value for v in values]
        yield f"{name} is {value}", np.array(inside)


def _ranges(
    numbers: Sequence[float | None], quantiles: Sequence[float]
) -> Iterator[tuple[float, float, Array]]:
    """Ranges between quantiles of the numbers that are there (NaN is missing): low, high, and
    whether each number is inside; the last range holds its upper end.
    """
    column = np.array(numbers, dtype=float)
    present = column[~np.isnan(column)]
    if not len(present):
        return
    ends = np.unique(np.quantile(present, quantiles))
    for low, high in pairwise(ends):
        below = column < high
        if high == ends[-1]:
            below = column <= high
        yield low, high, (column >= low) & below


def find_weak_slices(
    rows: Mapping[str, Sequence[Any]], kinds: Mapping[str, str], wrong: Array
) -> list[dict[str, Any]]:
    """Slices with more errors than the whole, by a one-sided binomial test with a false discovery
    rate of 10 % over all slices.

    Args:
        rows: test values of each input that may be named.
        wrong: whether each test row was predicted wrongly.

    Source: Benjamini and Hochberg 1995, JRSS B 57 (false discovery rate); Chung et al. 2019, arXiv
    1807.06068 (slices).
    """
    from scipy.stats import binom

    error_rate = float(wrong.mean())
    tested: list[dict[str, Any]] = []
    for name, values in rows.items():
        for where, inside in slices_of(name, values, kinds[name]):
            count = int(inside.sum())
            if count < MIN_ROWS or count == len(wrong):
                continue
            errors = int(wrong[inside].sum())
            tested.append(
                {
                    "where": where,
                    "rows": count,
                    "accuracy": round(1 - errors / count, 4),
                    "p": float(binom.sf(errors - 1, count, error_rate)),
                }
            )
    tested.sort(key=lambda t: t["p"])
    significant = [
        i for i, t in enumerate(tested, 1) if t["p"] <= FALSE_DISCOVERY_RATE * i / len(tested)
    ]
    count = max(significant, default=0)
    return [t | {"p": round(t["p"], 6)} for t in tested[:count][:MAX_SLICES]]
