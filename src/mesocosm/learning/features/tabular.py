"""The table block: numbers standardised, categories one-hot, lists one column a value, dates as
days and their place in the year, by facts of the training rows.

Knows numpy. Knows nothing of nets. One row alone gives what it gives in a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from mesocosm.learning.features.sentence_pairs import APART

Array = np.ndarray[Any, Any]
MOST_VALUES = 1000
DATES = ("date", "time")
BETWEEN = "; "  # of the values of a list
FIRST = datetime(2000, 1, 1)
YEAR = 365.2425


def day_of(value: Any) -> float | None:
    """Days since 2000-01-01 of a date, a moment, or either in ISO 8601; a zone is brought to UTC.

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
    return float((value - FIRST).total_seconds() / 86400)


def fit(rows: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Facts of the training rows.

    Args:
        rows: the training values of each input.
        kinds: each input's type; texts are left to the base.
    """
    facts: dict[str, Any] = {}
    for name, kind in kinds.items():
        values = [v for v in rows[name] if v is not None]
        if kind in ("number", "integer", *DATES):
            column = np.asarray(
                [day_of(v) for v in values] if kind in DATES else values, dtype=float
            )
            mean, sd = (float(column.mean()), float(column.std())) if len(column) else (0.0, 1.0)
            low, high = (float(column.min()), float(column.max())) if len(column) else (0.0, 0.0)
            gaps = len(values) < len(rows[name])
            facts[name] = {
                "kind": "date" if kind in DATES else "number",
                "mean": mean,
                "sd": sd or 1.0,
                "low": low,
                "high": high,
                "gaps": gaps,
            }
        elif kind in ("category", "boolean"):
            common = Counter(str(v) for v in values).most_common(MOST_VALUES)
            facts[name] = {"kind": "category", "values": sorted(v for v, _ in common)}
        elif kind == "list":
            common = Counter(one for v in values for one in str(v).split(BETWEEN)).most_common(
                MOST_VALUES
            )
            facts[name] = {"kind": "list", "values": sorted(v for v, _ in common)}
    return facts


def spans(facts: Mapping[str, Any]) -> tuple[int, ...]:
    """How many columns of the block each input has."""
    return tuple(
        len(f["values"]) if "values" in f else 1 + f["gaps"] + 2 * (f["kind"] == "date")
        for f in facts.values()
    )


def build(rows: Mapping[str, Sequence[Any]], facts: Mapping[str, Any], count: int) -> Array:
    """The block (rows, width) in float32.

    A gap in a number is the mean, with a mark where the training rows had gaps; a number is held
    within four sd of the training rows' range; an unseen category is all zeros. A date is a number
    of days, and the sine and cosine of its place in the year.
    """
    block = np.zeros((count, sum(spans(facts))), dtype=np.float32)
    at = 0
    for name, fact in facts.items():
        if "values" not in fact:
            days = fact["kind"] == "date"
            values = np.asarray(
                [np.nan if v is None else day_of(v) if days else float(v) for v in rows[name]],
                dtype=float,
            )
            reach = 4 * fact["sd"]
            held = np.clip(values, fact["low"] - reach, fact["high"] + reach)
            block[:, at] = np.nan_to_num((held - fact["mean"]) / fact["sd"])
            at += 1
            if fact["gaps"]:
                block[:, at] = np.isnan(values)
                at += 1
            if days:
                turn = 2 * np.pi * values / YEAR
                block[:, at], block[:, at + 1] = (
                    np.nan_to_num(np.sin(turn)),
                    np.nan_to_num(np.cos(turn)),
                )
                at += 2
        else:
            index = {v: i for i, v in enumerate(fact["values"])}
            for row, value in enumerate(rows[name]):
                for one in (
                    ()
                    if value is None
                    else str(value).split(BETWEEN)
                    if fact["kind"] == "list"
                    else (str(value),)
                ):
                    if one in index:
                        block[row, at + index[one]] = 1
            at += len(fact["values"])
    return block


def text_of(
    rows: Mapping[str, Sequence[Any]], names: Sequence[str], count: int, pair: bool = False
) -> list[str]:
    """One text a row: its text inputs in order, put together; a gap is an empty text. The two of a
    pair stay apart.
    """
    columns = [[("" if v is None else str(v)) for v in rows[name]] for name in names]
    if pair:
        return [APART.join(parts) for parts in zip(*columns, strict=True)]
    return (
        [". ".join(part for part in parts if part) for parts in zip(*columns, strict=True)]
        if names
        else [""] * count
    )
