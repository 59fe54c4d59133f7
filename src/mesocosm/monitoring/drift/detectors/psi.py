"""Population stability index over ten equal shares of the training rows."""

from __future__ import annotations

from collections.abc import Sequence

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.values.count_tests import chi_squared_tail
from mesocosm.monitoring.drift.detectors.feature_test import FeatureTest

SHARES = 10


class PopulationStabilityIndex(FeatureTest):
    """The index as credit risk knows it, with the p-value of its distribution where nothing
    changed.

    Without a change the index is about `(1/n + 1/m)` times a chi-squared of as many degrees as
    shares less one.

    Source: Yurdakul and Naranjo 2020, Statistical properties of the population stability index.

    >>> same = {"numbers": [i / 199 for i in range(200)], "rows": 1000}
    >>> PopulationStabilityIndex().p_value(same, [0.5 + i / 400 for i in range(200)]) < 1e-6
    True
    """

    of = "numbers"

    def p_value(self, training: TrainingColumn, live: Sequence[object]) -> float:
        """The p-value of the index where nothing changed."""
        import numpy as np

        points = np.asarray(training["numbers"], dtype=np.float64)
        values = np.asarray(live, dtype=np.float64)
        cuts = np.unique(np.quantile(points, np.linspace(0, 1, SHARES + 1)[1:-1]))
        before = np.bincount(np.searchsorted(cuts, points), minlength=len(cuts) + 1) / len(points)
        now = np.bincount(np.searchsorted(cuts, values), minlength=len(cuts) + 1) / len(values)
        used = (before > 0) | (now > 0)
        n, m = float(training["rows"]), float(len(values))
        a, b = np.maximum(before[used], 0.5 / n), np.maximum(now[used], 0.5 / m)
        index = float(((b - a) * np.log(b / a)).sum())
        return chi_squared_tail(index / (1 / n + 1 / m), max(1, int(used.sum()) - 1))
