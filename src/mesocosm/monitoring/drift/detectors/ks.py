"""Two-sample Kolmogorov-Smirnov between training quantiles and live numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.values.count_tests import kolmogorov_tail
from mesocosm.monitoring.drift.detectors.feature_test import FeatureTest

SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


class KolmogorovSmirnov(FeatureTest):
    """The largest distance between two distribution functions.

    The training sample is known by 200 quantiles; the test's size is that of the training rows.

    Source: Smirnov 1948, Annals of Mathematical Statistics 19.

    >>> same = {"numbers": [i / 199 for i in range(200)], "rows": 1000}
    >>> KolmogorovSmirnov().p_value(same, [0.5 + i / 400 for i in range(200)]) < 1e-6
    True
    """

    of = "numbers"

    def p_value(self, training: TrainingColumn, live: Sequence[object]) -> float:
        """The p-value of the distance where nothing changed."""
        import numpy as np

        points = np.asarray(training["numbers"], dtype=np.float64)
        values = np.sort(np.asarray(live, dtype=np.float64))
        # A tie is one step: both functions are read at the same points, just before and at each.
        # Between two training points the training function stands still and the live one only
        # rises, so the largest gap is at one of them.
        gaps: list[float] = []
        for side in SIDES:
            ours = np.searchsorted(points, points, side=side) / len(points)
            theirs = np.searchsorted(values, points, side=side) / len(values)
            gaps.append(float(np.abs(ours - theirs).max()))
        slack = 1 / len(points)  # quantiles give the training function to within one step
        n, m = float(training["rows"]), float(len(values))
        return kolmogorov_tail(max(0.0, max(gaps) - slack) * math.sqrt(n * m / (n + m)))
