"""Where a drift is: the part of the live rows, by the value of one other field, without which the
feature looks as in training. Knows the tests; diagnoses nothing.

One branch that sends another unit, or one form that leaves a field at its default, moves a feature
of all rows a little; the cause is in a part of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesocosm.monitoring.drift.feature_tests import LEAST, collect_columns, find_drifted

MOST = 30  # values of a field that are tested
WIDEST = 0.8  # the share of the rows over which a part is the whole
QUIET = 0.05  # the p-value over which the other rows look like the training rows

Row = Mapping[str, Any]


def localize_drift(
    feature: str,
    training: Mapping[str, Any],
    live: Sequence[Row],
    level: float,
    method: str = "auto",
) -> dict[str, Any] | None:
    """Find the part that holds the drift of a feature.

    Args:
        training: per feature its training quantiles or counts.
        live: cleaned rows, with fields beside the inputs too.
        level: false alarms accepted for one look, over all parts (Bonferroni).

    Returns:
        `field`, `value`, its `rows` of how many (`of`), and the p-value of the `rest`; None where
        the drift is everywhere, or its place is not clear.
    """
    known = {}
    if feature in training:
        known[feature] = training[feature]
    parts = list(_list_parts(feature, live))
    best: dict[str, Any] | None = None
    for name, value in parts:
        inside = [r for r in live if r.get(name) == value]
        others = [r for r in live if r.get(name) != value]
        found, _ = find_drifted(known, collect_columns(inside), level / len(parts), method)
        _, left = find_drifted(known, collect_columns(others), level, method)
        p_others = left.get(feature, 0.0)
        if not found or p_others <= QUIET or (best and p_others <= best["rest"]):
            continue
        best = {
            "field": name,
            "value": value,
            "rows": len(inside),
            "of": len(live),
            "rest": round(p_others, 6),
        }
    return best


def _list_parts(feature: str, live: Sequence[Row]) -> Iterator[tuple[str, str | bool]]:
    """Fields and values that many rows have, and many do not."""
    for name in _other_fields(feature, live):
        values = Counter(row[name] for row in live if isinstance(row.get(name), (str, bool)))
        if not 2 <= len(values) <= MOST:
            continue
        for value, count in values.items():
            if LEAST <= count <= WIDEST * len(live) and len(live) - count >= LEAST:
                yield name, value


def _other_fields(feature: str, live: Sequence[Row]) -> list[str]:
    if not live:
        return []
    return [name for name in live[0] if name != feature]
