"""Chi-squared between training counts and live values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.values.count_tests import chi_squared_of_counts
from mesocosm.monitoring.drift.detectors.feature_test import FeatureTest
from mesocosm.serving.requests.listed_values import count_other, is_complete
from mesocosm.serving.requests.missing import spell

MIN_EXPECTED = 5  # the expected count under which values are pooled


class ChiSquared(FeatureTest):
    """Homogeneity of two samples of categories; values of few expected counts are pooled, and so
    are those that training does not list.

    Source: Pearson 1900, Philosophical Magazine 50.

    >>> ChiSquared().p_value({"counts": {"a": 500, "b": 500}}, ["a"] * 100) < 1e-6
    True
    """

    of = "counts"

    def p_value(self, training: TrainingColumn, live: Sequence[object]) -> float:
        """The p-value of the live values where nothing changed."""
        table = _build_table(training, live)
        if len(table) < 2 or not all(map(sum, zip(*table, strict=True))):
            return 1.0
        before, now = zip(*table, strict=True)
        return chi_squared_of_counts(before, now, correction=False)


def _build_table(training: TrainingColumn, live: Sequence[object]) -> list[list[int]]:
    """Training and live counts by value: rows of [training, live]."""
    before = {str(k): int(v) for k, v in training["counts"].items()}
    now = _count_spelt(live)
    other, unlisted = count_other(training) or 0, 0
    if not is_complete(training):
        unlisted = _take_unlisted(now, before)
        if count_other(training) is None:  # nothing to compare them with
            unlisted = 0
    table: list[list[int]] = []
    if other + unlisted:
        table.append([other, unlisted])
    rows = now.total() + unlisted
    share = rows / max(1, rows + sum(before.values()) + other)
    counts = [[before.get(value, 0), now.get(value, 0)] for value in sorted({*before, *now})]
    return table + _pool(counts, min(share, 1 - share))


def _count_spelt(values: Sequence[object]) -> Counter[str]:
    """How often each value comes; values are of one type, so equal ones are spelt alike."""
    counts = Counter[str]()
    for value, times in Counter(values).items():
        counts[spell(value)] += times
    return counts


def _take_unlisted(now: Counter[str], listed: Mapping[str, int]) -> int:
    """Take values that training does not list out of the live counts; returns how many."""
    unlisted = [value for value in now if value not in listed]
    return sum(now.pop(value) for value in unlisted)


def _pool(counts: Sequence[list[int]], share: float) -> list[list[int]]:
    """Counts with those of few expected values pooled."""
    table, pooled = [], [0, 0]
    for pair in counts:
        if sum(pair) * share >= MIN_EXPECTED:
            table.append(pair)
        else:
            pooled = [pooled[0] + pair[0], pooled[1] + pair[1]]
    if sum(pooled):
        table.append(pooled)
    return table
