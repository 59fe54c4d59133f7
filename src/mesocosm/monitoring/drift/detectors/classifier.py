"""Whether a classifier can tell live rows from held-out ones by their features. Knows
scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesocosm.core.values.count_tests import binomial_tail

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class ClassifierTest:
    """A logistic regression is trained on one half to tell live rows; its accuracy on the other
    half beyond chance is the test.

    Source: Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests, arXiv:1610.06545

    >>> import numpy as np
    >>> draw = np.random.default_rng(0)
    >>> a, b = draw.normal(size=(300, 20)), draw.normal(size=(300, 20))
    >>> ClassifierTest().p_value(a, b) > 0.01, ClassifierTest().p_value(a, b + 0.5) < 1e-4
    (True, True)
    """

    def p_value(self, before: ArrayLike, now: ArrayLike) -> float:
        """The p-value of the accuracy where nothing changed; rows by features on both sides."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        draw = np.random.default_rng(7)
        x: NDArray[np.float64] = draw.permutation(np.asarray(before, dtype=np.float64))
        y: NDArray[np.float64] = draw.permutation(np.asarray(now, dtype=np.float64))
        few = min(len(x), len(y)) // 2  # as many of each: chance is one half
        if few < 8:
            return 1.0
        net = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))
        net.fit(np.concatenate([x[:few], y[:few]]), np.repeat([0, 1], few))
        old: NDArray[np.int64] = net.predict(x[few : 2 * few])
        new: NDArray[np.int64] = net.predict(y[few : 2 * few])
        right = int(np.count_nonzero(old == 0) + np.count_nonzero(new == 1))
        return binomial_tail(right, 2 * few, 0.5)
