"""The table block: numbers standardised and categories one-hot, by facts of the training rows.

Knows numpy. Knows nothing of nets. One row alone gives what it gives in a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MOST_VALUES = 200


def fit(rows: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Facts of the training rows.

    Args:
        rows: the training values of each input.
        kinds: each input's type; texts are left to the base.
    """
    facts: dict[str, Any] = {}
    for name, kind in kinds.items():
        values = [v for v in rows[name] if v is not None]
        if kind in ("number", "integer"):
            column = np.asarray(values, dtype=float)
            mean, sd = (float(column.mean()), float(column.std())) if len(column) else (0.0, 1.0)
            low, high = (float(column.min()), float(column.max())) if len(column) else (0.0, 0.0)
            gaps = len(values) < len(rows[name])
            facts[name] = {"kind": "number", "mean": mean, "sd": sd or 1.0, "low": low, "high": high, "gaps": gaps}
        elif kind in ("category", "boolean"):
            common = Counter(str(v) for v in values).most_common(MOST_VALUES)
            facts[name] = {"kind": "category", "values": sorted(v for v, _ in common)}
    return facts


def width(facts: Mapping[str, Any]) -> int:
    """How many columns the block has."""
    return sum(1 + f["gaps"] if f["kind"] == "number" else len(f["values"]) for f in facts.values())


def build(rows: Mapping[str, Sequence[Any]], facts: Mapping[str, Any], count: int) -> Array:
    """The block (rows, width) in float32.

    A gap in a number is the mean, with a mark where the training rows had gaps; a number is held
    within four sd of the training rows' range; an unseen category is all zeros.
    """
    block = np.zeros((count, width(facts)), dtype=np.float32)
    at = 0
    for name, fact in facts.items():
        if fact["kind"] == "number":
            values = np.asarray([np.nan if v is None else float(v) for v in rows[name]])
            reach = 4 * fact["sd"]
            held = np.clip(values, fact["low"] - reach, fact["high"] + reach)
            block[:, at] = np.nan_to_num((held - fact["mean"]) / fact["sd"])
            at += 1
            if fact["gaps"]:
                block[:, at] = np.isnan(values)
                at += 1
        else:
            index = {v: i for i, v in enumerate(fact["values"])}
            for row, value in enumerate(rows[name]):
                if value is not None and str(value) in index:
                    block[row, at + index[str(value)]] = 1
            at += len(fact["values"])
    return block


def text_of(rows: Mapping[str, Sequence[Any]], names: Sequence[str], count: int) -> list[str]:
    """One text a row: its text inputs in order, put together; a gap is an empty text."""
    columns = [[("" if v is None else str(v)) for v in rows[name]] for name in names]
    return [". ".join(part for part in parts if part) for parts in zip(*columns, strict=True)] if names else [""] * count
