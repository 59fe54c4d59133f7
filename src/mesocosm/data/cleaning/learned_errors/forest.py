"""A model of many small trees that gives a chance; scikit-learn's, imported when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mesocosm.data.cleaning.learned_errors.text_table import Floats


class _Classifier(Protocol):
    def predict_proba(self, x: Floats) -> Floats: ...


@dataclass
class Forest:
    """A fitted model, or one chance for all."""

    model: _Classifier | None
    always: float

    @classmethod
    def constant(cls, chance: float) -> Forest:
        """The same chance for everything."""
        return cls(None, chance)

    @classmethod
    def fit(
        cls, x: Floats, hit: npt.NDArray[np.bool_], weights: Floats, rounds: int = 80
    ) -> Forest:
        """Fit on rows of features; needs both outcomes, else the one there is stays."""
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        if hit.all() or not hit.any():
            return cls.constant(float(hit.any()))
        model = HistGradientBoostingClassifier(
            max_iter=rounds,
            learning_rate=0.1,
            max_leaf_nodes=24,
            min_samples_leaf=10,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=0,
        )
        with threadpool_limits(1):  # the tables are small: threads only wait for each other
            model.fit(x, hit, sample_weight=weights)
        return cls(model, 0.0)

    def chances(self, x: Floats) -> Floats:
        """The chance of each row."""
        if self.model is None:
            return np.full(len(x), self.always)
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return np.asarray(self.model.predict_proba(x)[:, 1], np.float64)
