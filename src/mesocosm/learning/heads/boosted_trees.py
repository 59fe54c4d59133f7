"""Boosted trees over the table block; texts are not read. Knows scikit-learn and the shape of its
trees.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from mesocosm.learning.arrays import Array, Floats, Ints, Mask
from mesocosm.learning.heads.folds import (
    ABSENT,
    Fold,
    SingleClass,
    count_held_out,
    make_folds,
    shuffle_rows,
)
from mesocosm.learning.heads.head import Groups, HeadSettings, Tensors
from mesocosm.learning.heads.kernel import select_loss

Setting = tuple[float, int, int]  # rate, leaves, rounds
Nodes = dict[str, list[float]]  # of exported trees, a list an array
SETTINGS: tuple[Setting, ...] = ((0.05, 8, 120), (0.03, 4, 250), (0.1, 31, 100))
FOLDS = 5
SMALL = 100_000  # cells up to which one thread is faster
LONG = 20_000  # rows from which on only the last setting is tried, on one held-out fifth
NODES = (
    "tree",
    "number",
    "feature",
    "threshold",
    "left",
    "right",
    "leaf",
    "target",
    "value",
)  # the arrays of an exported tree


@runtime_checkable
class Regressor(Protocol):
    """Fitted trees of a number."""

    def predict(self, x: Array) -> Floats: ...


@runtime_checkable
class Classifier(Protocol):
    """Fitted trees of classes, or what stands in their place where all rows are of one class."""

    classes_: Ints

    def predict_proba(self, x: Array) -> Array: ...


class Unfitted(Protocol):
    """Trees of scikit-learn that are not fitted yet."""

    def fit(self, x: Array, y: Array) -> Regressor | Classifier: ...


class Node(Protocol):
    """One of scikit-learn's trees: its nodes as a structured array."""

    nodes: Mapping[str, Array]


@runtime_checkable
class Grown(Protocol):
    """The inside of scikit-learn's boosted trees: trees by round and target, and the baseline."""

    _predictors: Sequence[Sequence[Node]]
    _baseline_prediction: Floats


class Boost:
    """Gradient boosting on histograms; rate, leaves and rounds are chosen by five-fold loss.

    Source: Friedman 2001, Annals of Statistics 29; Ke et al. 2017, LightGBM, NIPS.
    """

    name = "boost"

    def __init__(self, given: Setting | None = None) -> None:
        self.given = given

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Boost:
        """A head of the same settings, fitted on other rows; it leaves no row out."""
        return Boost(self.setting).fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Boost:
        """Choose the settings, unless they are given (rate, leaves, rounds), then fit all rows."""
        del text
        self.classes, self.loss, self.y_left = classes, np.inf, y
        self.left_out: Array = np.zeros((len(y), max(1, classes)))
        self.columns = _splittable(table, min(20, max(2, int(len(y) * (1 - 1 / 3)) // 20)))
        rows = _Rows(table[:, self.columns], y, classes, seed)
        self.setting = self.given or self._choose(rows, groups)
        self.net = rows.fit(self.setting, np.arange(len(y)))
        rate, leaves, rounds = self.setting
        self.settings: HeadSettings = {"rate": rate, "leaves": leaves, "rounds": rounds}
        return self

    def _choose(self, rows: _Rows, groups: Groups) -> Setting:
        """The settings of the lowest cross-validated loss; of many rows the last ones, whose loss
        is measured on one held-out fifth.
        """
        folds = make_folds(rows.y, rows.classes, rows.seed, FOLDS, groups)
        if len(rows.y) < LONG:
            return self._cross_validate(rows, folds)
        if folds:
            self._hold_out(rows, SETTINGS[-1], groups)
        return SETTINGS[-1]

    def _cross_validate(self, rows: _Rows, folds: Sequence[Fold]) -> Setting:
        """The settings of the lowest cross-validated loss; the first ones without folds."""
        best = SETTINGS[0]
        if not folds:
            return best
        loss_of = select_loss(rows.y, rows.classes)
        for setting in SETTINGS:
            left = np.zeros((len(rows.y), max(1, rows.classes)))
            for train, out in folds:
                left[out] = self._scores(rows.fit(setting, train), rows.table[out])
            loss = loss_of(left, rows.y)
            if loss < self.loss:
                self.loss, best, self.left_out = loss, setting, left
        return best

    def _hold_out(self, rows: _Rows, setting: Setting, groups: Groups) -> None:
        """Measure the loss of some settings on one held-out fifth of the rows."""
        train, out = rows.split(groups)
        y = rows.y[out]
        scores = self._scores(rows.fit(setting, train), rows.table[out])
        self.loss = select_loss(y, rows.classes)(scores, y)
        self.left_out = np.zeros((0, max(1, rows.classes)))

    def _scores(self, net: Regressor | Classifier, table: Array) -> Array:
        """Logits (rows, classes) of fitted trees, or values (rows, 1)."""
        if not self.classes:
            assert isinstance(net, Regressor)
            return net.predict(table)[:, None]
        assert isinstance(net, Classifier)
        out = np.full((len(table), self.classes), ABSENT)
        out[:, net.classes_] = np.log(np.maximum(net.predict_proba(table), 1e-13))
        return out

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        del text
        return self._scores(self.net, table[:, self.columns])

    def tensors(self) -> list[Tensors]:
        """The trees as flat arrays, one entry a node; a threshold is rounded down to float32, so
        that the same rows go left.

        Sums of leaves and `bias` are one per class, or one in all for two classes; `spread` turns
        them into logits.
        """
        assert isinstance(self.net, Grown)
        nodes: Nodes = {name: [] for name in NODES}
        tree = 0
        for iteration in self.net._predictors:
            for target, predictor in enumerate(iteration):
                _append_tree(nodes, predictor.nodes, self.columns, tree, target)
                tree += 1
        bias = np.asarray(self.net._baseline_prediction, np.float32).reshape(-1)
        tensors = {name: np.asarray(values) for name, values in nodes.items()}
        return [tensors | {"bias": bias, "spread": self._spread(len(bias))}]

    def _spread(self, sums: int) -> Array:
        """The matrix (sums, outputs) from the trees' sums to logits."""
        spread = np.zeros((sums, max(1, self.classes)), np.float32)
        if not self.classes:
            spread[:] = 1
            return spread
        assert isinstance(self.net, Classifier)
        if sums == 1:
            spread[0, self.net.classes_] = (-0.5, 0.5)
        else:
            spread[np.arange(sums), self.net.classes_] = 1
        return spread


def _append_tree(
    into: Nodes, nodes: Mapping[str, Array], columns: Ints, tree: int, target: int
) -> None:
    """Append one of scikit-learn's trees to flat lists."""
    exact = nodes["num_threshold"]
    rounded: Array = exact.astype(np.float32)
    lower = np.nextafter(rounded, np.float32(-np.inf))
    threshold = np.where(rounded > exact, lower, rounded)
    leaf: Mask = nodes["is_leaf"].astype(np.bool_)
    feature = columns[np.where(leaf, 0, nodes["feature_idx"])]
    into["tree"] += [tree] * len(nodes)
    into["number"] += range(len(nodes))
    into["feature"] += np.where(leaf, 0, feature).tolist()
    into["threshold"] += np.where(leaf, 0, threshold).tolist()
    into["left"] += nodes["left"].tolist()
    into["right"] += nodes["right"].tolist()
    into["leaf"] += leaf.tolist()
    into["target"] += [target] * len(nodes)
    into["value"] += nodes["value"].tolist()


@dataclass(frozen=True)
class _Rows:
    """Rows that trees are fitted on: the columns that a tree can split, and the targets."""

    table: Array
    y: Array
    classes: int
    seed: int

    def fit(self, setting: Setting, rows: Ints) -> Regressor | Classifier:
        """Trees of some settings, fitted on some of the rows."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        if self.classes and len(np.unique(self.y[rows])) < 2:
            return SingleClass(self.y[rows])
        kind: Callable[..., Unfitted] = HistGradientBoostingRegressor
        if self.classes:
            kind = HistGradientBoostingClassifier
        rate, leaves, rounds = setting
        net = kind(
            learning_rate=rate,
            max_leaf_nodes=leaves,
            max_iter=rounds,
            min_samples_leaf=min(20, max(2, len(rows) // 20)),
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.seed,
        )
        # threads that wait for each other cost more than they bring
        threads = None
        if len(rows) * self.table.shape[1] < SMALL:
            threads = 1
        with warnings.catch_warnings(), threadpool_limits(threads, "openmp"):
            warnings.simplefilter("ignore")
            return net.fit(self.table[rows], self.y[rows])

    def split(self, groups: Groups) -> Fold:
        """Four fifths of the rows for training and one held out; groups are not split."""
        from sklearn.model_selection import train_test_split

        count = len(self.y)
        if groups is not None:
            order = shuffle_rows(count, np.random.default_rng(self.seed), groups)
            held = count_held_out(order, count // 5, groups)
            return order[held:], order[:held]
        stratify = None
        if self.classes and np.bincount(self.y)[self.y].min() > 1:
            stratify = self.y
        train: Ints
        out: Ints
        train, out = train_test_split(
            np.arange(count), test_size=0.2, stratify=stratify, random_state=self.seed
        )
        return train, out


def _splittable(table: Array, least: int) -> Ints:
    """The numbers of the columns that a tree can split: indicators of fewer rows than a leaf must
    hold are left out, which changes no tree; all where none can be split.
    """
    indicators: Mask = ((table == 0) | (table == 1)).all(0)
    frequent: Mask = table.sum(0) >= least
    columns = np.flatnonzero(~indicators | frequent)
    if not len(columns):
        return np.arange(table.shape[1])
    return columns
