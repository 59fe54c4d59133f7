"""The table block: numbers standardised, categories one-hot, lists one column a value, dates as
days and their place in the year, by facts of the training rows.

Knows numpy. Knows nothing of nets. A row's block is the same alone and in a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any

import numpy as np

from mesocosm.learning.features.sentence_pairs import APART

Array = np.ndarray[Any, Any]
MAX_VALUES = 1000
NUMBERS = ("number", "integer")
DATES = ("date", "time")
BETWEEN = "; "  # of the values of a list
EPOCH = datetime(2000, 1, 1)
YEAR = 365.2425


def day_of(value: Any) -> float | None:
    """Days since 2000-01-01 of a date, a moment, or either in ISO 8601; a zone is converted to UTC.

    >>> day_of("2000-01-03"), day_of(date(2000, 1, 1)), day_of(None)
    (2.0, 0.0, None)
    """
    if value is None:
        return None
    if not isinstance(value, date):
        value = datetime.fromisoformat(str(value))
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return float((value - EPOCH).total_seconds() / 86400)


def fit_facts(rows: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Facts of the training rows.

    Args:
        rows: the training values of each input.
        kinds: each input's type; texts are left to the base.
    """
    facts: dict[str, Any] = {}
    for name, kind in kinds.items():
        values = [v for v in rows[name] if v is not None]
        if kind in (*NUMBERS, *DATES):
            facts[name] = _fit_number(values, kind in DATES, len(values) < len(rows[name]))
        elif kind in ("category", "boolean"):
            facts[name] = _fit_values("category", map(str, values))
        elif kind == "list":
            parts = (str(v).split(BETWEEN) for v in values)
            facts[name] = _fit_values("list", chain.from_iterable(parts))
    return facts


def _fit_number(values: Sequence[Any], is_date: bool, gaps: bool) -> dict[str, Any]:
    """Mean, deviation and range of a number, or of a date in days."""
    column = np.asarray([_read_number(v, is_date) for v in values], dtype=float)
    mean, sd, low, high = 0.0, 1.0, 0.0, 0.0
    if len(column):
        mean, sd = float(column.mean()), float(column.std())
        low, high = float(column.min()), float(column.max())
    return {
        "kind": "date" if is_date else "number",
        "mean": mean,
        "sd": sd or 1.0,
        "low": low,
        "high": high,
        "gaps": gaps,
    }


def _fit_values(kind: str, values: Iterable[str]) -> dict[str, Any]:
    """The commonest values, sorted."""
    common = Counter(values).most_common(MAX_VALUES)
    return {"kind": kind, "values": sorted(v for v, _ in common)}


def _read_number(value: Any, is_date: bool) -> float | None:
    """A value as a float, nan where it is missing."""
    if value is None:
        return float("nan")
    return day_of(value) if is_date else float(value)


def column_counts(facts: Mapping[str, Any]) -> tuple[int, ...]:
    """How many columns of the block each input has."""
    return tuple(_count_columns(fact) for fact in facts.values())


def _count_columns(fact: Mapping[str, Any]) -> int:
    if "values" in fact:
        return len(fact["values"])
    return 1 + int(fact["gaps"]) + 2 * int(fact["kind"] == "date")


def build_block(rows: Mapping[str, Sequence[Any]], facts: Mapping[str, Any], count: int) -> Array:
    """The table block (rows, width) in float32.

    A missing number is the mean, with an indicator where the training rows had missing ones; a
    number is clipped to four sd beyond the training rows' range; an unseen category is all zeros. A
    date is a number of days, and the sine and cosine of its place in the year.
    """
    block = np.zeros((count, sum(column_counts(facts))), dtype=np.float32)
    at = 0
    for name, fact in facts.items():
        width = _count_columns(fact)
        columns = block[:, at : at + width]
        if "values" in fact:
            _write_values(columns, rows[name], fact)
        else:
            _write_numbers(columns, rows[name], fact)
        at += width
    return block


def _write_numbers(columns: Array, values: Sequence[Any], fact: Mapping[str, Any]) -> None:
    """Write a number's or date's columns in place."""
    is_date = fact["kind"] == "date"
    numbers = np.asarray([_read_number(v, is_date) for v in values], dtype=float)
    margin = 4 * fact["sd"]
    clipped = np.clip(numbers, fact["low"] - margin, fact["high"] + margin)
    columns[:, 0] = np.nan_to_num((clipped - fact["mean"]) / fact["sd"])
    if fact["gaps"]:
        columns[:, 1] = np.isnan(numbers)
    if is_date:
        angle = 2 * np.pi * numbers / YEAR
        columns[:, -2] = np.nan_to_num(np.sin(angle))
        columns[:, -1] = np.nan_to_num(np.cos(angle))


def _write_values(columns: Array, values: Sequence[Any], fact: Mapping[str, Any]) -> None:
    """Write a category's or list's indicator columns in place."""
    index = {v: i for i, v in enumerate(fact["values"])}
    for row, value in enumerate(values):
        if value is None:
            continue
        parts = str(value).split(BETWEEN) if fact["kind"] == "list" else [str(value)]
        for part in parts:
            if part in index:
                columns[row, index[part]] = 1


def join_texts(
    rows: Mapping[str, Sequence[Any]], names: Sequence[str], count: int, pair: bool = False
) -> list[str]:
    """One text a row: its text inputs in order, joined; a missing one is an empty text. The two of
    a pair stay apart.
    """
    if not names:
        return [""] * count
    columns = [["" if v is None else str(v) for v in rows[name]] for name in names]
    if pair:
        return [APART.join(parts) for parts in zip(*columns, strict=True)]
    return [". ".join(filter(None, parts)) for parts in zip(*columns, strict=True)]
