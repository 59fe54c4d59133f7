"""Boosted trees over the table block; texts are not looked at. Knows scikit-learn and the shape of
its trees.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from mesocosm.learning.heads.folds import ABSENT, Groups, Shares, cut, folds, mixed
from mesocosm.learning.heads.kernel import loss_for

Array = np.ndarray[Any, Any]
SETTINGS = ((0.05, 8, 120), (0.03, 4, 250), (0.1, 31, 100))  # rate, leaves, rounds
FOLDS = 5
SMALL = 100_000  # cells up to which one thread is faster
LONG = 20_000  # rows from which on only the last setting is tried, on one held-out fifth


class Boost:
    """Gradient boosting on histograms; rate, leaves and rounds are chosen by five-fold loss.

    Source: Friedman 2001, Annals of Statistics 29; Ke et al. 2017, LightGBM, NIPS.
    """

    name = "boost"

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Boost:
        """Another, fitted on other rows with the settings of this one; it leaves no row out."""
        return Boost().fit(text, table, y, classes, seed, groups, tuple(self.settings.values()))

    def fit(
        self,
        text: Array,
        table: Array,
        y: Array,
        classes: int,
        seed: int,
        groups: Groups = None,
        setting: Any = None,
    ) -> Boost:
        """Choose the settings, unless they are given (rate, leaves, rounds), then fit all rows."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from sklearn.model_selection import train_test_split
        from threadpoolctl import threadpool_limits

        del text
        self.classes, self.loss = classes, np.inf
        self.left_out = np.zeros((len(y), max(1, classes)))
        self.columns = _splittable(table, min(20, max(2, int(len(y) * (1 - 1 / 3)) // 20)))
        table = table[:, self.columns]
        loss_of, kind = (
            loss_for(y, classes),
            HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor,
        )
        best = setting or (SETTINGS[0] if len(y) < LONG else SETTINGS[-1])
        parts = [] if setting else folds(y, classes, seed, FOLDS, groups)

        def fitted(setting: tuple[float, int, int], rows: Array) -> Any:
            if classes and len(np.unique(y[rows])) < 2:
                return Shares(y[rows])
            rate, leaves, rounds = setting
            net = kind(
                learning_rate=rate,
                max_leaf_nodes=leaves,
                max_iter=rounds,
                min_samples_leaf=min(20, max(2, len(rows) // 20)),
                l2_regularization=1.0,
                early_stopping=False,
                random_state=seed,
            )
            alone = (
                1 if len(rows) * table.shape[1] < SMALL else None
            )  # threads that wait for each other cost more than they bring
            with warnings.catch_warnings(), threadpool_limits(alone, "openmp"):
                warnings.simplefilter("ignore")
                return net.fit(table[rows], y[rows])

        if parts and len(y) < LONG:
            for setting in SETTINGS:
                left = np.zeros((len(y), max(1, classes)))
                for rows, out in parts:
                    left[out] = self._full(fitted(setting, rows), table[out])
                loss = loss_of(left, y)
                if loss < self.loss:
                    self.loss, best, self.left_out = loss, setting, left
        elif parts:
            if groups is None:
                rows, out = train_test_split(
                    np.arange(len(y)),
                    test_size=0.2,
                    stratify=y if classes and np.bincount(y)[y].min() > 1 else None,
                    random_state=seed,
                )
            else:
                order = mixed(len(y), np.random.default_rng(seed), groups)
                held = cut(order, len(y) // 5, groups)
                out, rows = order[:held], order[held:]
            self.loss, self.left_out = (
                loss_for(y[out], classes)(self._full(fitted(best, rows), table[out]), y[out]),
                np.zeros((0, max(1, classes))),
            )
        self.y_left = y
        self.net = fitted(best, np.arange(len(y)))
        self.settings = dict(zip(("rate", "leaves", "rounds"), best, strict=True))
        return self

    def _full(self, net: Any, table: Array) -> Array:
        if not self.classes:
            return np.asarray(net.predict(table)[:, None])
        out = np.full((len(table), self.classes), ABSENT)
        out[:, net.classes_] = np.log(np.maximum(net.predict_proba(table), 1e-13))
        return out

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        del text
        return self._full(self.net, table[:, self.columns])

    def tensors(self) -> list[dict[str, Array]]:
        """The trees as flat arrays, one entry a node; a threshold is rounded down to float32, so
        that the same rows go left.

        Sums of leaves and `bias` are one a class, or one in all for two classes; `spread` makes
        logits of them.
        """
        found: dict[str, list[Any]] = {
            k: []
            for k in (
                "tree",
                "number",
                "feature",
                "threshold",
                "left",
                "right",
                "leaf",
                "target",
                "value",
            )
        }
        tree = 0
        for iteration in self.net._predictors:
            for target, predictor in enumerate(iteration):
                nodes = predictor.nodes
                low = nodes["num_threshold"].astype(np.float32)
                low = np.where(
                    low > nodes["num_threshold"], np.nextafter(low, np.float32(-np.inf)), low
                )
                leaf = nodes["is_leaf"].astype(bool)
                found["tree"] += [tree] * len(nodes)
                found["number"] += range(len(nodes))
                found["feature"] += np.where(
                    leaf, 0, self.columns[np.where(leaf, 0, nodes["feature_idx"])]
                ).tolist()
                found["threshold"] += np.where(leaf, 0, low).tolist()
                found["left"] += nodes["left"].tolist()
                found["right"] += nodes["right"].tolist()
                found["leaf"] += leaf.tolist()
                found["target"] += [target] * len(nodes)
                found["value"] += nodes["value"].tolist()
                tree += 1
        bias = np.asarray(self.net._baseline_prediction, np.float32).reshape(-1)
        seen = np.asarray(self.net.classes_ if self.classes else [0])
        spread = np.zeros((len(bias), max(1, self.classes)), np.float32)
        if not self.classes:
            spread[:] = 1
        elif len(bias) == 1:
            spread[0, seen] = (-0.5, 0.5)
        else:
            spread[np.arange(len(bias)), seen] = 1
        return [{k: np.asarray(v) for k, v in found.items()} | {"bias": bias, "spread": spread}]


def _splittable(table: Array, least: int) -> Array:
    """The numbers of the columns that a tree can cut: marks that fewer rows have than a leaf must
    hold are left out, which changes no tree; all where none can be cut.
    """
    marks = np.asarray(((table == 0) | (table == 1)).all(0))
    kept = np.flatnonzero(~marks | (table.sum(0) >= least))
    return kept if len(kept) else np.arange(table.shape[1])
