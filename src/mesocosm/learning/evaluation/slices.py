"""Slices: parts of the test rows, told by one input, where the model errs more than elsewhere.

Knows columns and errors. A part is named by its input and range; private inputs are left out by the
caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mesocosm.learning.features.tabular import DATES, day_of

Array = np.ndarray[Any, Any]
LEAST = 20
MOST = 5
FALSE = 0.1  # share of false slices among those told


def slices_of(name: str, values: Sequence[Any], kind: str) -> Iterator[tuple[str, Array]]:
    """The parts of one input: quarters of a number, values of a category, thirds of a text's
    length, and what is missing.
    """
    gone = np.array([v is None for v in values])
    if gone.any():
        yield f"{name} is missing", gone
    if kind == "image":
        return
    if kind in DATES:
        days = np.array([np.nan if v is None else day_of(v) for v in values], dtype=float)
        ends = (
            np.unique(np.quantile(days[~gone], (0, 0.25, 0.5, 0.75, 1)))
            if not gone.all()
            else np.zeros(0)
        )
        for low, high in zip(ends, ends[1:], strict=False):
            first, last = (
                np.datetime64("2000-01-01") + np.timedelta64(int(d), "D") for d in (low, high)
            )
            yield (
                f"{name} from {first} to {last}",
                (days >= low) & ((days <= high) if high == ends[-1] else (days < high)),
            )
        return
    if kind in ("number", "integer") or kind == "text":
        told = np.array(
            [
                np.nan if v is None else (float(len(str(v))) if kind == "text" else float(v))
                for v in values
            ]
        )
        there = told[~gone]
        if not len(there):
            return
        ends = np.unique(
            np.quantile(there, (0, 1 / 3, 2 / 3, 1) if kind == "text" else (0, 0.25, 0.5, 0.75, 1))
        )
        what = f"{name} has" if kind == "text" else name
        unit = " characters" if kind == "text" else ""
        for low, high in zip(ends, ends[1:], strict=False):
            inside = (told >= low) & ((told <= high) if high == ends[-1] else (told < high))
            yield f"{what} {low:g} to {high:g}{unit}", inside
        return
    for value in sorted({str(v) for v in values if v is not None}):
        yield f"{name} is {value}", np.array([v is not None and str(v) == value for v in values])


def find_weak_slices(
    rows: Mapping[str, Sequence[Any]], kinds: Mapping[str, str], wrong: Array
) -> list[dict[str, Any]]:
    """Parts with more errors than the rest, by a one-sided binomial test held to 10 % false
    findings over all parts.

    Args:
        rows: test values of each input that may be named.
        wrong: whether each test row was predicted wrongly.

    Source: Benjamini and Hochberg 1995, JRSS B 57 (false findings); Chung et al. 2019, arXiv
    1807.06068 (slices).
    """
    from scipy.stats import binom

    overall = float(wrong.mean())
    found: list[dict[str, Any]] = []
    for name, values in rows.items():
        for said, inside in slices_of(name, values, kinds[name]):
            count = int(inside.sum())
            if count < LEAST or count == len(wrong):
                continue
            errors = int(wrong[inside].sum())
            found.append(
                {
                    "where": said,
                    "rows": count,
                    "accuracy": round(1 - errors / count, 4),
                    "p": float(binom.sf(errors - 1, count, overall)),
                }
            )
    found.sort(key=lambda f: f["p"])
    last = max(
        (i for i, f in enumerate(found) if f["p"] <= FALSE * (i + 1) / len(found)), default=-1
    )
    return [f | {"p": round(f["p"], 6)} for f in found[: last + 1][:MOST]]
