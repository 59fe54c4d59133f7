"""Logistic regression over text features and the table block. Knows scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from mesocosm.learn.heads.kernel import log_loss

Array = np.ndarray[Any, Any]
STRENGTHS = (0.03, 0.3, 3.0, 30.0)


class Linear:
    """Multinomial logistic regression; its strength is chosen by five-fold log-loss.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), 4.4.
    """

    name = "linear"

    def fit(self, text: Array, table: Array, y: Array, classes: int, seed: int) -> Linear:
        """Choose the strength, then fit all rows."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold

        x = np.hstack([text * 4.0, table]).astype(np.float64)  # unit texts are brought to the table's scale
        folds = int(min(5, np.bincount(y, minlength=classes).min()))
        self.loss, best = np.inf, 0.3
        self.left_out = np.zeros((len(y), classes))
        self.y_left = y

        def fitted(strength: float, rows: Array) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(x[rows], y[rows])

        if folds >= 2:
            parts = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(x, y))
            for strength in STRENGTHS:
                left = np.zeros((len(y), classes))
                for rows, out in parts:
                    left[out] = self._full(fitted(strength, rows), x[out], classes)
                loss = log_loss(left, y)
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

    def _full(self, net: Any, x: Array, classes: int) -> Array:
        out = np.full((len(x), classes), -30.0)
        out[:, net.classes_] = np.log(np.maximum(net.predict_proba(x), 1e-13))
        return out

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return np.asarray(np.hstack([text, table]) @ self.weights + self.bias)

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds."""
        return [{"weights": self.weights, "bias": self.bias}]
