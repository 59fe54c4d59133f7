"""Chi-squared between training counts and live values. Knows scipy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

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

    def p_value(self, training: Mapping[str, Any], live: Sequence[Any]) -> float:
        """The p-value of the live values where nothing changed."""
        from scipy.stats import chi2_contingency

        table = _build_table(training, live)
        if len(table) < 2 or not all(map(sum, zip(*table, strict=True))):
            return 1.0
        return float(chi2_contingency(table, correction=False).pvalue)


def _build_table(training: Mapping[str, Any], live: Sequence[Any]) -> list[list[int]]:
    """Training and live counts by value: rows of [training, live]."""
    before = {str(k): int(v) for k, v in training["counts"].items()}
    now = Counter[str]()
    for value, times in Counter(live).items():  # values are of one type: equal ones are spelt alike
        now[spell(value)] += times
    other, unlisted = count_other(training), 0
    table: list[list[int]] = []
    if not is_complete(training):
        unlisted = sum(now.pop(v) for v in [v for v in now if v not in before])
        if other is None:
            unlisted = 0
        elif other + unlisted:
            table.append([other, unlisted])
    rows = now.total() + unlisted
    share = rows / max(1, rows + sum(before.values()) + (other or 0))
    counts = [[before.get(value, 0), now.get(value, 0)] for value in sorted({*before, *now})]
    return table + _pool(counts, min(share, 1 - share))


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
