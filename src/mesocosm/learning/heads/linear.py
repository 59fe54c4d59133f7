"""Logistic or ridge regression over text features and the table block. Knows scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from mesocosm.learning.arrays import Array, Floats, Ints
from mesocosm.learning.heads.folds import (
    ABSENT,
    Fold,
    SingleClass,
    block_products,
    group_blocks,
    make_folds,
)
from mesocosm.learning.heads.head import Groups, HeadSettings, Tensors
from mesocosm.learning.heads.kernel import multi_label_loss, select_loss, squared_error

STRENGTHS = (0.03, 0.3, 3.0, 30.0)
FOLDS = 5
RIDGES: tuple[float, ...] = tuple(np.geomspace(0.01, 10_000, 25))


class Classifier(Protocol):
    """A fitted classifier of scikit-learn, or what stands in its place."""

    classes_: Ints

    def predict_proba(self, x: Array) -> Floats: ...


@runtime_checkable
class Fitted(Protocol):
    """A logistic regression that saw two classes or more."""

    coef_: Floats
    intercept_: Floats


class Linear:
    """Multinomial logistic regression, its strength chosen by five-fold log-loss; one per label for
    several labels; ridge for a number, by leave-one-out.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), 3.4 and
    4.4.
    """

    name = "linear"
    loss: float
    weights: Floats
    bias: Floats
    left_out: Array
    y_left: Array
    settings: HeadSettings

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Linear:
        """A head of the same kind, fitted on other rows."""
        return Linear().fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Linear:
        """Choose the strength, then fit all rows."""
        # unit texts are brought to the table's scale
        x: Floats = np.hstack([text * 4.0, table]).astype(np.float64)
        self.y_left = y
        if not classes:
            self._fit_ridge(x, y, groups)
        elif y.ndim == 2:
            self._fit_labels(x, y, seed, groups)
        else:
            self._fit_classes(x, y, classes, seed, groups)
        self.weights[: text.shape[1]] *= 4.0
        return self

    def _fit_classes(self, x: Floats, y: Array, classes: int, seed: int, groups: Groups) -> None:
        """Multinomial logistic regression."""
        self.loss, best = np.inf, 0.3
        self.left_out = np.zeros((len(y), classes))
        loss_of = select_loss(y, classes)
        parts = make_folds(y, classes, seed, FOLDS, groups)
        for strength in _tried(parts):
            left = np.zeros((len(y), classes))
            for rows, out in parts:
                net = _fit_logistic(x[rows], y[rows], strength)
                left[out] = _log_probabilities(net, x[out], classes)
            loss = loss_of(left, y)
            if loss < self.loss:
                self.loss, best, self.left_out = loss, strength, left
        fitted = _fit_logistic(x, y, best)
        assert isinstance(fitted, Fitted)
        weights, bias = fitted.coef_, fitted.intercept_
        if classes == 2:
            weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        self.weights, self.bias = weights.T.astype(np.float32), bias.astype(np.float32)
        self.settings = {"strength": best}

    def _fit_ridge(self, x: Floats, y: Array, groups: Groups) -> None:
        """Ridge regression; the decomposition of x gives every row's held-out residual for each
        strength.
        """
        mean, level = _mean_row(x), float(y.mean())
        turned, values, axes = np.linalg.svd(x - mean, full_matrices=False)
        along = turned.T @ (y - level)
        self.loss, best = np.inf, RIDGES[0]
        for strength in RIDGES:
            shrunk = values**2 / (values**2 + strength)
            gap = y - level - turned @ (shrunk * along)
            left = y - _leave_out(gap, turned, shrunk, groups)
            if (loss := squared_error(left[:, None], y)) < self.loss:
                self.loss, best, self.left_out = loss, float(strength), left[:, None]
        weights: Floats = axes.T @ (values / (values**2 + best) * along)
        self.bias = np.array([level - mean @ weights], np.float32)
        self.weights = weights[:, None].astype(np.float32)
        self.settings = {"strength": round(best, 4)}

    def _fit_labels(self, x: Floats, y: Array, seed: int, groups: Groups) -> None:
        """A logistic regression per label, all of one strength."""
        self.loss, best = np.inf, STRENGTHS[1]
        self.left_out = np.zeros((len(y), y.shape[1]))
        parts = make_folds(y, 0, seed, FOLDS, groups)
        for strength in _tried(parts):
            left = np.zeros((len(y), y.shape[1]))
            for rows, out in parts:
                each, shift = _fit_each_label(x[rows], y[rows], strength)
                left[out] = x[out] @ each + shift
            if (loss := multi_label_loss(left, y)) < self.loss:
                self.loss, best, self.left_out = loss, strength, left
        whole, level = _fit_each_label(x, y, best)
        self.weights, self.bias = whole.astype(np.float32), level.astype(np.float32)
        self.settings = {"strength": best}

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return np.hstack([text, table]) @ self.weights + self.bias

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph."""
        return [{"weights": self.weights, "bias": self.bias}]


def _tried(folds: Sequence[Fold]) -> tuple[float, ...]:
    """The strengths that are compared; none where there are no folds to compare them on."""
    if not folds:
        return ()
    return STRENGTHS


def _fit_logistic(x: Array, y: Array, strength: float) -> Classifier:
    """A logistic regression; of rows of one class, what predicts that class."""
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(y)) < 2:
        return SingleClass(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net: Classifier = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(x, y)
    return net


def _fit_each_label(x: Floats, y: Array, strength: float) -> tuple[Floats, Floats]:
    """The weights and the level of each label; one that no row or every row has is predicted with
    its share.
    """
    weights, bias = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])
    for k in range(y.shape[1]):
        share = float(y[:, k].sum() + 0.5) / (len(y) + 1)
        bias[k] = np.log(share / (1 - share))
        net = _fit_logistic(x, y[:, k], strength)
        if isinstance(net, Fitted):
            weights[:, k], bias[k] = net.coef_[0], net.intercept_[0]
    return weights, bias


def _log_probabilities(net: Classifier, x: Floats, classes: int) -> Floats:
    """Log-probabilities (rows, classes), low for classes that were not trained on."""
    out = np.full((len(x), classes), ABSENT)
    out[:, net.classes_] = np.log(np.maximum(net.predict_proba(x), 1e-13))
    return out


def _mean_row(x: Floats) -> Floats:
    """The mean of each column."""
    return np.asarray(x.mean(0))


def _leave_out(gap: Floats, turned: Floats, shrunk: Floats, groups: Groups) -> Floats:
    """The residual of each row, or of each group of rows, predicted from the others: its gap
    without its own share in the prediction.
    """
    if groups is None:
        return gap / np.maximum(1 - 1 / len(gap) - (turned**2) @ shrunk, 1e-9)
    found = np.zeros_like(gap)
    for rows in group_blocks(groups):
        products = block_products(rows, turned, shrunk)
        own = np.eye(rows.shape[1]) * (1 + 1e-9) - 1 / len(gap) - products
        found[rows] = np.linalg.solve(own, gap[rows][..., None])[..., 0]
    return found
