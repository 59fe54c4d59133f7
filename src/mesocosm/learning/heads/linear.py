"""Logistic or ridge regression over text features and the table block. Knows scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from mesocosm.learning.heads.folds import (
    ABSENT,
    Groups,
    SingleClass,
    block_products,
    group_blocks,
    make_folds,
)
from mesocosm.learning.heads.kernel import multi_label_loss, select_loss, squared_error

Array = np.ndarray[Any, Any]
STRENGTHS = (0.03, 0.3, 3.0, 30.0)
FOLDS = 5
RIDGES = tuple(np.geomspace(0.01, 10_000, 25))


class Linear:
    """Multinomial logistic regression, its strength chosen by five-fold log-loss; one per label for
    several labels; ridge for a number, by leave-one-out.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), 3.4 and
    4.4.
    """

    name = "linear"

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Linear:
        """A head of the same kind, fitted on other rows."""
        return Linear().fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Linear:
        """Choose the strength, then fit all rows."""
        from sklearn.linear_model import LogisticRegression

        x = np.hstack([text * 4.0, table]).astype(
            np.float64
        )  # unit texts are brought to the table's scale
        self.y_left = y
        if not classes:
            return self._fit_ridge(x, y, text.shape[1], groups)
        if y.ndim == 2:
            return self._fit_labels(x, y, text.shape[1], seed, groups)
        self.loss, best = np.inf, 0.3
        self.left_out = np.zeros((len(y), classes))

        loss_of = select_loss(y, classes)

        def fitted(strength: float, rows: Array) -> Any:
            if len(np.unique(y[rows])) < 2:
                return SingleClass(y[rows])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(x[rows], y[rows])

        parts = make_folds(y, classes, seed, FOLDS, groups)
        for strength in STRENGTHS if parts else ():
            left = np.zeros((len(y), classes))
            for rows, out in parts:
                left[out] = self._scores(fitted(strength, rows), x[out], classes)
            loss = loss_of(left, y)
            if loss < self.loss:
                self.loss, best, self.left_out = loss, strength, left
        net = fitted(best, np.arange(len(y)))
        weights, bias = net.coef_, net.intercept_
        if classes == 2:
            weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        self.weights = weights.T.astype(np.float32)
        self.weights[: text.shape[1]] *= 4.0
        self.bias = bias.astype(np.float32)
        self.settings = {"strength": best}
        return self

    def _fit_ridge(self, x: Array, y: Array, texts: int, groups: Groups) -> Linear:
        """Ridge regression; the decomposition of x gives every row's held-out residual for each
        strength.
        """
        mean, level = x.mean(0), float(y.mean())
        turned, values, axes = np.linalg.svd(x - mean, full_matrices=False)
        along = turned.T @ (y - level)
        self.loss, best = np.inf, RIDGES[0]
        for strength in RIDGES:
            shrunk = values**2 / (values**2 + strength)
            gap = y - level - turned @ (shrunk * along)
            left = y - _leave_out(gap, turned, shrunk, groups)
            if (loss := squared_error(left[:, None], y)) < self.loss:
                self.loss, best, self.left_out = loss, float(strength), left[:, None]
        weights = axes.T @ (values / (values**2 + best) * along)
        self.bias = np.array([level - mean @ weights], np.float32)
        self.weights = weights[:, None].astype(np.float32)
        self.weights[:texts] *= 4.0
        self.settings = {"strength": round(best, 4)}
        return self

    def _fit_labels(self, x: Array, y: Array, texts: int, seed: int, groups: Groups) -> Linear:
        """A logistic regression per label, all of one strength; a label that no row or every row
        has is predicted with its share.
        """
        from sklearn.linear_model import LogisticRegression

        def fitted(strength: float, rows: Array) -> tuple[Array, Array]:
            weights, bias = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for k in range(y.shape[1]):
                    share = float(y[rows, k].sum() + 0.5) / (len(rows) + 1)
                    bias[k] = np.log(share / (1 - share))
                    if len(np.unique(y[rows, k])) == 2:
                        net = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(
                            x[rows], y[rows, k]
                        )
                        weights[:, k], bias[k] = net.coef_[0], net.intercept_[0]
            return weights, bias

        self.loss, best = np.inf, STRENGTHS[1]
        self.left_out = np.zeros((len(y), y.shape[1]))
        parts = make_folds(y, 0, seed, FOLDS, groups)
        for strength in STRENGTHS if parts else ():
            left = np.zeros((len(y), y.shape[1]))
            for rows, out in parts:
                each, shift = fitted(strength, rows)
                left[out] = x[out] @ each + shift
            if (loss := multi_label_loss(left, y)) < self.loss:
                self.loss, best, self.left_out = loss, strength, left
        whole, level = fitted(best, np.arange(len(y)))
        self.weights, self.bias = whole.astype(np.float32), level.astype(np.float32)
        self.weights[:texts] *= 4.0
        self.settings = {"strength": best}
        return self

    def _scores(self, net: Any, x: Array, classes: int) -> Array:
        out = np.full((len(x), classes), ABSENT)
        out[:, net.classes_] = np.log(np.maximum(net.predict_proba(x), 1e-13))
        return out

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return np.asarray(np.hstack([text, table]) @ self.weights + self.bias)

    def tensors(self) -> list[dict[str, Array]]:
        """The tensors of the exported graph."""
        return [{"weights": self.weights, "bias": self.bias}]


def _leave_out(gap: Array, turned: Array, shrunk: Array, groups: Groups) -> Array:
    """The residual of each row, or of each group of rows, predicted from the others: its gap
    without its own share in the prediction.
    """
    if groups is None:
        return np.asarray(gap / np.maximum(1 - 1 / len(gap) - (turned**2) @ shrunk, 1e-9))
    found = np.zeros_like(gap)
    for rows in group_blocks(groups):
        own = (
            np.eye(rows.shape[1]) * (1 + 1e-9) - 1 / len(gap) - block_products(rows, turned, shrunk)
        )
        found[rows] = np.linalg.solve(own, gap[rows][..., None])[..., 0]
    return found
