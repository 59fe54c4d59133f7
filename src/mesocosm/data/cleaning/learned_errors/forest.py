"""A model of many small trees that gives a chance; scikit-learn's, imported when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mesocosm.data.cleaning.learned_errors.text_table import Floats

BINS = 100  # of a feature; binned here once, as weighted quantiles take longer than the trees


class _Classifier(Protocol):
    def predict_proba(self, x: Floats) -> Floats: ...


@dataclass
class Forest:
    """A fitted model, or one chance for all."""

    model: _Classifier | None
    always: float
    edges: list[Floats] = field(default_factory=list)

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
            edges = [_cut(column) for column in x.T]
            model.fit(_bin(x, edges), hit, sample_weight=weights)
        return cls(model, 0.0, edges)

    def chances(self, x: Floats) -> Floats:
        """The chance of each row."""
        if self.model is None:
            return np.full(len(x), self.always)
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return np.asarray(self.model.predict_proba(_bin(x, self.edges))[:, 1], np.float64)


def _cut(column: Floats) -> Floats:
    """The edges between bins: between all values where they are few, else at quantiles."""
    values = np.unique(column)
    if len(values) > BINS:
        values = np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)))
    edges: Floats = (values[1:] + values[:-1]) / 2
    return edges


def _bin(x: Floats, edges: list[Floats]) -> Floats:
    """The bin of each figure."""
    columns = [np.searchsorted(e, c) for e, c in zip(edges, x.T, strict=True)]
    return np.stack(columns, axis=1).astype(np.float64)
