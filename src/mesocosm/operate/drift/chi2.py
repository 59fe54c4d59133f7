"""Chi-squared between training counts and live values. Knows scipy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any


class ChiSquared:
    """Homogeneity of two samples of categories; values of few expected counts are put together.

    Source: Pearson 1900, Philosophical Magazine 50.

    >>> ChiSquared().p_value({"counts": {"a": 500, "b": 500}}, ["a"] * 100) < 1e-6
    True
    """

    def p_value(self, training: Mapping[str, Any], live: Sequence[Any]) -> float:
        """How likely such counts are where nothing changed."""
        from scipy.stats import chi2_contingency

        before = {str(k): int(v) for k, v in training["counts"].items()}
        now = Counter[str]()
        for value, times in Counter(live).items():  # a column's values are of one type, so equal ones are spelt alike
            now[str(value).lower() if isinstance(value, bool) else str(value)] += times
        share = len(live) / max(1, len(live) + sum(before.values()))
        table: list[list[int]] = []
        rest = [0, 0]
        for spelt in sorted({*before, *now}):
            pair = [before.get(spelt, 0), now.get(spelt, 0)]
            if sum(pair) * min(share, 1 - share) >= 5:
                table.append(pair)
            else:
                rest = [rest[0] + pair[0], rest[1] + pair[1]]
        if sum(rest):
            table.append(rest)
        if len(table) < 2 or not all(map(sum, zip(*table, strict=True))):
            return 1.0
        return float(chi2_contingency(table, correction=False).pvalue)
