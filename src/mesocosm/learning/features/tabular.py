"""The table block: numbers standardised, categories one-hot, lists one column a value, dates as
days and their place in the year, by facts of the training rows.

Knows numpy. Knows nothing of nets. A row's block is the same alone and in a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal, TypeAlias, TypedDict, final

import numpy as np

from mesocosm.learning.arrays import Columns, Floats, read_numbers
from mesocosm.learning.features.sentence_pairs import APART

MAX_VALUES = 1000
NUMBERS = ("number", "integer")
DATES = ("date", "time")
CATEGORIES = ("category", "boolean")
BETWEEN = "; "  # of the values of a list
EPOCH = datetime(2000, 1, 1)
YEAR = 365.2425


@final
class NumberFact(TypedDict):
    """Of a number, or of a date in days: mean, deviation and range, and whether rows lacked it."""

    kind: Literal["number", "date"]
    mean: float
    sd: float
    low: float
    high: float
    gaps: bool


@final
class ValuesFact(TypedDict):
    """Of a category or a list: its values."""

    kind: Literal["category", "list"]
    values: list[str]


Fact: TypeAlias = NumberFact | ValuesFact
Facts: TypeAlias = Mapping[str, Fact]  # by input


def day_of(value: object) -> float | None:
    """Days since 2000-01-01 of a date, a moment, or either in ISO 8601; a zone is converted to UTC.

    >>> day_of("2000-01-03"), day_of(date(2000, 1, 1)), day_of(None)
    (2.0, 0.0, None)
    """
    if value is None:
        return None
    return (_moment_of(value) - EPOCH).total_seconds() / 86400


def _moment_of(value: object) -> datetime:
    """A date's first moment, or a moment in UTC, without a zone."""
    if not isinstance(value, date):
        value = datetime.fromisoformat(str(value))
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        return value
    return value.astimezone(UTC).replace(tzinfo=None)


def fit_facts(rows: Columns, kinds: Mapping[str, str]) -> dict[str, Fact]:
    """Facts of the training rows.

    Args:
        rows: the training values of each input.
        kinds: each input's type; texts are left to the base.
    """
    facts: dict[str, Fact] = {}
    for name, kind in kinds.items():
        fact = _fit_fact(rows[name], kind)
        if fact is not None:
            facts[name] = fact
    return facts


def _fit_fact(column: Sequence[object], kind: str) -> Fact | None:
    """The facts of an input; None for a text or an image."""
    if kind in NUMBERS:
        return _fit_number("number", column)
    if kind in DATES:
        return _fit_number("date", column)
    if kind in CATEGORIES:
        return _fit_values("category", column)
    if kind == "list":
        return _fit_values("list", column)
    return None


def _fit_number(kind: Literal["number", "date"], column: Sequence[object]) -> NumberFact:
    """Mean, deviation and range of a number, or of a date in days."""
    values = [value for value in column if value is not None]
    numbers = _read_column(values, kind)
    mean, sd, low, high = 0.0, 1.0, 0.0, 0.0
    if len(numbers):
        mean, sd = float(numbers.mean()), float(numbers.std())
        low, high = float(numbers.min()), float(numbers.max())
    return {
        "kind": kind,
        "mean": mean,
        "sd": sd or 1.0,
        "low": low,
        "high": high,
        "gaps": len(values) < len(column),
    }


def _fit_values(kind: Literal["category", "list"], column: Sequence[object]) -> ValuesFact:
    """The commonest values, sorted."""
    counts: Counter[str] = Counter()
    for value in column:
        counts.update(_split_value(value, kind))
    return {"kind": kind, "values": sorted(v for v, _ in counts.most_common(MAX_VALUES))}


def _read_column(values: Sequence[object], kind: str) -> Floats:
    """Numbers, or dates in days; nan where one is missing."""
    if kind != "date":
        return read_numbers(values)
    return read_numbers(day_of(value) for value in values)


def column_counts(facts: Facts) -> tuple[int, ...]:
    """How many columns of the block each input has."""
    return tuple(_count_columns(fact) for fact in facts.values())


def _count_columns(fact: Fact) -> int:
    if "values" in fact:
        return len(fact["values"])
    return 1 + int(fact["gaps"]) + 2 * int(fact["kind"] == "date")


def build_block(rows: Columns, facts: Facts, count: int) -> Floats:
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


def _write_numbers(columns: Floats, values: Sequence[object], fact: NumberFact) -> None:
    """Write a number's or date's columns in place."""
    numbers = _read_column(values, fact["kind"])
    margin = 4 * fact["sd"]
    clipped = np.clip(numbers, fact["low"] - margin, fact["high"] + margin)
    columns[:, 0] = np.nan_to_num((clipped - fact["mean"]) / fact["sd"])
    if fact["gaps"]:
        columns[:, 1] = np.isnan(numbers)
    if fact["kind"] == "date":
        angle = 2 * np.pi * numbers / YEAR
        columns[:, -2] = np.nan_to_num(np.sin(angle))
        columns[:, -1] = np.nan_to_num(np.cos(angle))


def _write_values(columns: Floats, values: Sequence[object], fact: ValuesFact) -> None:
    """Write a category's or list's indicator columns in place."""
    index = {v: i for i, v in enumerate(fact["values"])}
    for row, value in enumerate(values):
        for part in _split_value(value, fact["kind"]):
            if part in index:
                columns[row, index[part]] = 1


def _split_value(value: object, kind: str) -> list[str]:
    """The values of a list, or a category's one; none where it is missing."""
    if value is None:
        return []
    if kind == "list":
        return str(value).split(BETWEEN)
    return [str(value)]


def join_texts(rows: Columns, names: Sequence[str], count: int, pair: bool = False) -> list[str]:
    """One text a row: its text inputs in order, joined; a missing one is an empty text. The two of
    a pair stay apart.
    """
    if not names:
        return [""] * count
    columns = [_as_texts(rows[name]) for name in names]
    if pair:
        return [APART.join(parts) for parts in zip(*columns, strict=True)]
    return [". ".join(filter(None, parts)) for parts in zip(*columns, strict=True)]


def _as_texts(values: Sequence[object]) -> list[str]:
    """Values as texts, a missing one as an empty one."""
    return [str(value) if value is not None else "" for value in values]
