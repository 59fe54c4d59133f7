"""Two-sample Cramer-von Mises between training quantiles and live numbers. Knows scipy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mesocosm.plugins import FeatureTest


class CramerVonMises(FeatureTest):
    """The squared distance between two distribution functions, summed over all values: it sees
    small shifts of the whole better than the largest distance does.

    The training sample is known by 200 quantiles, so its size counts as 200.

    Source: Anderson 1962, Annals of Mathematical Statistics 33.

    >>> same = {"numbers": [i / 199 for i in range(200)], "rows": 1000}
    >>> CramerVonMises().p_value(same, [0.5 + i / 400 for i in range(200)]) < 1e-6
    True
    """

    mesocosm_contract: ClassVar[int] = 1
    of = "numbers"

    def p_value(self, training: Mapping[str, Any], live: Sequence[Any]) -> float:
        """The p-value of the distance where nothing changed."""
        from scipy.stats import cramervonmises_2samp

        return float(cramervonmises_2samp(training["numbers"], live, method="asymptotic").pvalue)
