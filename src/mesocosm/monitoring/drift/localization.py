"""Where a drift is: the part of the live rows, by the value of one other field, without which the
feature looks as in training. Knows the tests; diagnoses nothing.

One branch that sends another unit, or one form that leaves a field at its default, moves a feature
of all rows a little; the cause is in a part of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mesocosm.catalog.contents import AlertPart
from mesocosm.monitoring.drift.feature_tests import (
    LEAST,
    Training,
    collect_columns,
    find_drifted,
)

MOST = 30  # values of a field that are tested
WIDEST = 0.8  # the share of the rows over which a part is the whole
QUIET = 0.05  # the p-value over which the other rows look like the training rows

Row = Mapping[str, object]


@dataclass(frozen=True)
class _PartTest:
    """Tests of one feature, within a part of the rows and without it."""

    feature: str
    known: Training
    live: Sequence[Row]
    level: float
    method: str

    def measure_others(self, name: str, value: str | bool, level: float) -> tuple[int, float]:
        """How many rows have a value of a field, and the p-value of the others; none where the
        part itself did not drift.
        """
        inside = [r for r in self.live if r.get(name) == value]
        others = [r for r in self.live if r.get(name) != value]
        found, _ = find_drifted(self.known, collect_columns(inside), level, self.method)
        if not found:
            return len(inside), 0.0
        _, left = find_drifted(self.known, collect_columns(others), self.level, self.method)
        return len(inside), left.get(self.feature, 0.0)


def localize_drift(
    feature: str,
    training: Training,
    live: Sequence[Row],
    level: float,
    method: str = "auto",
) -> AlertPart | None:
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
    test = _PartTest(feature, known, live, level, method)
    parts = list(_list_parts(feature, live))
    best: AlertPart | None = None
    quietest = QUIET
    for name, value in parts:
        rows, p_others = test.measure_others(name, value, level / len(parts))
        if p_others > quietest:
            quietest = round(p_others, 6)
            best = {
                "field": name,
                "value": value,
                "rows": rows,
                "of": len(live),
                "rest": quietest,
            }
    return best


def _list_parts(feature: str, live: Sequence[Row]) -> Iterator[tuple[str, str | bool]]:
    """Fields and values that many rows have, and many do not."""
    for name in _other_fields(feature, live):
        values = _count_values(name, live)
        if not 2 <= len(values) <= MOST:
            continue
        for value, count in values.items():
            if _is_a_part(count, len(live)):
                yield name, value


def _count_values(name: str, live: Sequence[Row]) -> Counter[str | bool]:
    values = (row.get(name) for row in live)
    return Counter(value for value in values if isinstance(value, (str, bool)))


def _is_a_part(count: int, rows: int) -> bool:
    """Whether so many of the rows are neither too few to test nor nearly all."""
    return LEAST <= count <= WIDEST * rows and rows - count >= LEAST


def _other_fields(feature: str, live: Sequence[Row]) -> list[str]:
    if not live:
        return []
    return [name for name in live[0] if name != feature]
