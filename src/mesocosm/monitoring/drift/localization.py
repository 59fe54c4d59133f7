"""Where a drift is: the part of the live rows, told by one other field, without which the feature
looks as it did. Knows the tests; judges nothing.

One branch that sends another unit, or one form that leaves a field at its default, moves a feature
of all rows a little; the cause is in a part of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.monitoring.drift.feature_tests import LEAST, collect_columns, find_drifted

MOST, WIDEST = (
    30,
    0.8,
)  # values of a field that are looked at, and the share of the rows over which a part is the whole
QUIET = 0.05  # the p-value over which the rest looks like the training rows

Row = Mapping[str, Any]


def localize_drift(
    feature: str,
    training: Mapping[str, Any],
    live: Sequence[Row],
    level: float,
    method: str = "auto",
) -> dict[str, Any] | None:
    """The part that holds the drift of a feature: `field`, `value`, its `rows` of how many (`of`),
    and the p-value of the `rest`; None where it is everywhere, or cannot be told.

    Args:
        training: per feature its training quantiles or counts.
        live: cleaned rows, with fields beside the inputs too.
        level: false alarms accepted for one look, over all parts (Bonferroni).
    """
    known = {feature: training[feature]} if feature in training else {}
    looked: list[tuple[str, Any, list[Row], list[Row]]] = []
    for name in dict.fromkeys(n for row in live[:1] for n in row if n != feature):
        values = Counter(row.get(name) for row in live if isinstance(row.get(name), (str, bool)))
        if 2 <= len(values) <= MOST:
            for value, count in values.items():
                if LEAST <= count <= WIDEST * len(live) and len(live) - count >= LEAST:
                    looked.append(
                        (
                            name,
                            value,
                            [r for r in live if r.get(name) == value],
                            [r for r in live if r.get(name) != value],
                        )
                    )
    best: dict[str, Any] | None = None
    for name, value, inside, rest in looked:
        found, _ = find_drifted(known, collect_columns(inside), level / len(looked), method)
        _, left = find_drifted(known, collect_columns(rest), level, method)
        if (
            found
            and left.get(feature, 0.0) > QUIET
            and (best is None or left[feature] > best["rest"])
        ):
            best = {
                "field": name,
                "value": value,
                "rows": len(inside),
                "of": len(live),
                "rest": round(left[feature], 6),
            }
    return best
