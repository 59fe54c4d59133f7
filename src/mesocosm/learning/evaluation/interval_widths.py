"""Prediction intervals of a number whose width depends on the row: a small tree over the table
features and the prediction, with a quantile of errors in each leaf.

Knows arrays. Conformal: the tree is fitted on one half of the held-out rows, the quantiles on the
other, so each leaf holds its level.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypedDict, cast

import numpy as np

from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Floats, Ints, Mask

MIN_ROWS = 200  # held-out rows under which all intervals have one width
MIN_LEAF = 30  # rows of the second half in a leaf
MIN_GAIN = 0.03  # share of the errors' variance that a split must explain


def quantile(errors: Array, level: float) -> float:
    """The conformal quantile of absolute errors.

    Source: Papadopoulos et al. 2002, ECML.
    """
    ordered = np.sort(errors)
    return float(ordered[min(len(ordered), int(np.ceil((len(ordered) + 1) * level))) - 1])


class Widths(TypedDict):
    """A tree, one entry a node, as `fit_widths` gives it."""

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    half: list[float]


class Tree(Protocol):
    """A fitted tree of scikit-learn."""

    node_count: int
    children_left: Ints
    children_right: Ints
    feature: Ints
    threshold: Floats

    def apply(self, x: Array) -> Ints: ...


def fit_widths(
    table: Array, predictions: Array, errors: Array, level: float, seed: int
) -> dict[str, Json] | None:
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
    order: Ints = np.random.default_rng(seed).permutation(len(errors))
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    x = _features(table, predictions)
    tree = _fit_tree(x[first], errors[first], seed)
    if tree.node_count == 1:
        return None
    feature = np.where(tree.children_left < 0, -1, tree.feature).astype(np.int64)
    inside = _rows_by_node(tree, feature, x[second])
    if _has_small_leaf(inside, feature):
        return None
    half = [quantile(errors[second][inside[:, node]], level) for node in range(tree.node_count)]
    return {
        "feature": feature.tolist(),
        "threshold": tree.threshold.astype(np.float64).tolist(),
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "half": half,
    }


def _has_small_leaf(inside: Mask, feature: Ints) -> bool:
    """Whether too few rows of the second half are in some leaf."""
    counts: Ints = inside[:, feature < 0].sum(0)
    return bool((counts < MIN_LEAF).any())


def _fit_tree(x: Array, errors: Array, seed: int) -> Tree:
    """A tree of the absolute errors."""
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(
        max_leaf_nodes=8,
        min_samples_leaf=max(MIN_LEAF, len(x) // 20),
        ccp_alpha=MIN_GAIN * float(errors.var()),
        random_state=seed,
    )
    fitted: Tree = tree.fit(x, errors).tree_
    return fitted


def _rows_by_node(tree: Tree, feature: Ints, x: Array) -> Mask:
    """Whether each row passes each node, (rows, nodes); children come after their parents."""
    inside: Mask = np.zeros((len(x), tree.node_count), np.bool_)
    leaf = tree.apply(x)
    for node in range(tree.node_count - 1, -1, -1):
        if feature[node] < 0:
            inside[:, node] = leaf == node
        else:
            left, right = tree.children_left[node], tree.children_right[node]
            inside[:, node] = inside[:, left] | inside[:, right]
    return inside


def half_widths(scale: Mapping[str, object], table: Array, predictions: Array) -> Floats | None:
    """Half the width of each row's interval, (rows,); None where no row was left out."""
    spread, widths = scale.get("spread"), scale.get("widths")
    if not isinstance(spread, int | float):
        return None
    if not widths:
        return np.full(len(predictions), float(spread))
    tree = cast(Widths, widths)  # as `fit_widths` wrote it into the card
    half: Floats = np.asarray(tree["half"], np.float64)
    return half[_find_leaves(tree, _features(table, predictions))]


def _find_leaves(tree: Widths, x: Floats) -> Ints:
    """The leaf of each row, (rows,)."""
    at: Ints = np.zeros(len(x), np.int64)
    feature: Ints = np.asarray(tree["feature"])
    left: Ints = np.asarray(tree["left"])
    right: Ints = np.asarray(tree["right"])
    threshold: Floats = np.asarray(tree["threshold"])
    rows = np.flatnonzero(feature[at] >= 0)
    while len(rows):
        node = at[rows]
        at[rows] = np.where(x[rows, feature[node]] <= threshold[node], left[node], right[node])
        rows = np.flatnonzero(feature[at] >= 0)
    return at


def interval_ends(
    scale: Mapping[str, object], table: Array, predictions: Array
) -> tuple[Array, Array] | None:
    """Both ends of each row's interval, (rows,) each; not under `floor`, where the training rows
    have nothing under it.
    """
    half = half_widths(scale, table, predictions)
    if half is None:
        return None
    low, high, floor = predictions - half, predictions + half, scale.get("floor")
    if not isinstance(floor, int | float):
        return low, high
    return np.maximum(low, floor), np.maximum(high, floor)


def _features(table: Array, predictions: Array) -> Floats:
    return np.hstack([table, predictions[:, None]]).astype(np.float32)
