"""Chi-squared between training counts and live values. Knows scipy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.serving.requests.listed_values import count_other, is_complete


class ChiSquared:
    """Homogeneity of two samples of categories; values of few expected counts are put together, and
    so are those that training does not list.

    Source: Pearson 1900, Philosophical Magazine 50.

    >>> ChiSquared().p_value({"counts": {"a": 500, "b": 500}}, ["a"] * 100) < 1e-6
    True
    """

    def p_value(self, training: Mapping[str, Any], live: Sequence[Any]) -> float:
        """How likely such counts are where nothing changed."""
        from scipy.stats import chi2_contingency

        before = {str(k): int(v) for k, v in training["counts"].items()}
        now = Counter[str]()
        for value, times in Counter(
            live
        ).items():  # a column's values are of one type, so equal ones are spelt alike
            now[str(value).lower() if isinstance(value, bool) else str(value)] += times
        other = count_other(training)
        listed = is_complete(training)
        past = 0 if listed else sum(now.pop(v) for v in [v for v in now if v not in before])
        rows = sum(now.values()) + (past if other is not None else 0)
        share = rows / max(1, rows + sum(before.values()) + (other or 0))
        table: list[list[int]] = []
        rest = [0, 0]
        if not listed and other is not None and other + past:
            table.append([other, past])
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
