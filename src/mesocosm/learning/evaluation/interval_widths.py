"""Prediction intervals of a number whose width depends on the row: a small tree over the table
features and the prediction, with a quantile of errors in each leaf.

Knows arrays. Conformal: the tree is fitted on one half of the held-out rows, the quantiles on the
other, so each leaf holds its level.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MIN_ROWS = 200  # held-out rows under which all intervals have one width
MIN_LEAF = 30  # rows of the second half in a leaf
MIN_GAIN = 0.03  # share of the errors' variance that a split must explain


def quantile(errors: Array, level: float) -> float:
    """The conformal quantile of absolute errors.

    Source: Papadopoulos et al. 2002, ECML.
    """
    ordered = np.sort(errors)
    return float(ordered[min(len(ordered), int(np.ceil((len(ordered) + 1) * level))) - 1])


def fit_widths(
    table: Array, predictions: Array, errors: Array, level: float, seed: int
) -> dict[str, Any] | None:
    """The tree; None where rows are few or errors are alike everywhere.

    Args:
        table: the table features of the held-out rows (rows, width).
        predictions: their predictions, in the field's unit.
        errors: the absolute errors of these.
        level: the share of rows that intervals are to cover, 0 to 1.

    Returns:
        Lists, one entry a node: `feature` (-1 in a leaf; the width of the table for the
            prediction), `threshold`, `left`, `right`, `half` (half the interval's width).

    Source: Boström and Johansson 2020, Mondrian conformal regressors, COPA; Lei et al. 2018, JASA
    113 (the two halves).
    """
    if len(errors) < MIN_ROWS or not errors.std():
        return None
    order = np.random.default_rng(seed).permutation(len(errors))
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    x = _features(table, predictions)
    tree = _fit_tree(x[first], errors[first], seed)
    if tree.node_count == 1:
        return None
    feature = np.where(tree.children_left < 0, -1, tree.feature).astype(int)
    inside = _rows_by_node(tree, feature, x[second])
    if (inside[:, feature < 0].sum(0) < MIN_LEAF).any():
        return None
    half = [quantile(errors[second][inside[:, node]], level) for node in range(tree.node_count)]
    return {
        "feature": feature.tolist(),
        "threshold": [float(t) for t in tree.threshold],
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "half": half,
    }


def _fit_tree(x: Array, errors: Array, seed: int) -> Any:
    """A tree of the absolute errors."""
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(
        max_leaf_nodes=8,
        min_samples_leaf=max(MIN_LEAF, len(x) // 20),
        ccp_alpha=MIN_GAIN * float(errors.var()),
        random_state=seed,
    )
    return tree.fit(x, errors).tree_


def _rows_by_node(tree: Any, feature: Array, x: Array) -> Array:
    """Whether each row passes each node, (rows, nodes); children come after their parents."""
    inside = np.zeros((len(x), tree.node_count), bool)
    leaf = tree.apply(x)
    for node in range(tree.node_count - 1, -1, -1):
        if feature[node] < 0:
            inside[:, node] = leaf == node
        else:
            left, right = tree.children_left[node], tree.children_right[node]
            inside[:, node] = inside[:, left] | inside[:, right]
    return inside


def half_widths(scale: Mapping[str, Any], table: Array, predictions: Array) -> Array | None:
    """Half the width of each row's interval, (rows,); None where no row was left out."""
    if scale.get("spread") is None:
        return None
    tree = scale.get("widths")
    if not tree:
        return np.full(len(predictions), float(scale["spread"]))
    x, at = _features(table, predictions), np.zeros(len(predictions), int)
    feature, threshold, left, right = (
        np.asarray(tree[k]) for k in ("feature", "threshold", "left", "right")
    )
    while (inner := feature[at] >= 0).any():
        rows = np.flatnonzero(inner)
        node = at[rows]
        at[rows] = np.where(x[rows, feature[node]] <= threshold[node], left[node], right[node])
    return np.asarray(tree["half"], float)[at]


def interval_ends(
    scale: Mapping[str, Any], table: Array, predictions: Array
) -> tuple[Array, Array] | None:
    """Both ends of each row's interval, (rows,) each; not under `floor`, where the training rows
    have nothing under it.
    """
    half = half_widths(scale, table, predictions)
    if half is None:
        return None
    low, high, floor = predictions - half, predictions + half, scale.get("floor")
    if floor is None:
        return low, high
    return np.maximum(low, floor), np.maximum(high, floor)


def _features(table: Array, predictions: Array) -> Array:
    return np.hstack([table, predictions[:, None]]).astype(np.float32)
