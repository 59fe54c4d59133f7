"""Whether two models differ on the same rows: the paired test that all tasks share."""

from __future__ import annotations

import numpy as np

from mesocosm.learning.arrays import Array


def wilcoxon_p(ours: Array, theirs: Array) -> float:
    """The p-value of Wilcoxon's signed-rank test, 0 to 1; 1 where no row differs.

    Args:
        ours: a figure of each row, (rows,); `theirs`: likewise.

    Source: Wilcoxon 1945, Biometrics Bulletin 1.

    >>> wilcoxon_p(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    1.0
    """
    if not np.any(ours != theirs):
        return 1.0
    from scipy.stats import wilcoxon

    return round(float(wilcoxon(ours, theirs).pvalue), 6)
