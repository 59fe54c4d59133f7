"""Intervals of a number as wide as the row asks: a small tree over the table and what is predicted,
with a quantile of errors in each leaf.

Knows arrays. Conformal: where the tree parts rows is learnt on one half of the rows left out, the
quantiles on the other, so each leaf holds its level.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LEAST = 200  # rows left out under which all intervals have one width
LEAF = 30  # rows of the second half in a leaf
GAIN = 0.03  # of the errors' variance that a cut must explain


def quantile(errors: Array, level: float) -> float:
    """The conformal quantile of absolute errors.

    Source: Papadopoulos et al. 2002, ECML.
    """
    ordered = np.sort(errors)
    return float(ordered[min(len(ordered), int(np.ceil((len(ordered) + 1) * level))) - 1])


def fit_widths(
    table: Array, said: Array, errors: Array, level: float, seed: int
) -> dict[str, Any] | None:
    """The tree; None where rows are few or errors are alike everywhere.

    Args:
        table: the block of rows left out (rows, width).
        said: what was predicted of them, in the field's unit.
        errors: how far that was off, absolute.

    Returns:
        Lists, one entry a node: `feature` (-1 in a leaf; the width of the table for the
            prediction), `threshold`, `left`, `right`, `half`.

    Source: Boström and Johansson 2020, Mondrian conformal regressors, COPA; Lei et al. 2018, JASA
    113 (the two halves).
    """
    from sklearn.tree import DecisionTreeRegressor

    if len(errors) < LEAST or not errors.std():
        return None
    order = np.random.default_rng(seed).permutation(len(errors))
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    x = _features(table, said)
    size = max(LEAF, len(first) // 20)
    tree = (
        DecisionTreeRegressor(
            max_leaf_nodes=8,
            min_samples_leaf=size,
            ccp_alpha=GAIN * float(errors[first].var()),
            random_state=seed,
        )
        .fit(x[first], errors[first])
        .tree_
    )
    if tree.node_count == 1:
        return None
    path = np.zeros((len(second), tree.node_count), bool)
    at = tree.apply(x[second])
    feature = np.where(tree.children_left < 0, -1, tree.feature).astype(int)
    for node in range(tree.node_count - 1, -1, -1):
        path[:, node] = (
            at == node
            if feature[node] < 0
            else path[:, tree.children_left[node]] | path[:, tree.children_right[node]]
        )
    if (path[:, feature < 0].sum(0) < LEAF).any():
        return None
    half = [quantile(errors[second][path[:, node]], level) for node in range(tree.node_count)]
    return {
        "feature": feature.tolist(),
        "threshold": [float(t) for t in tree.threshold],
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "half": half,
    }


def half_widths(scale: Mapping[str, Any], table: Array, said: Array) -> Array | None:
    """Half the width of each row's interval, (rows,); None where no row was left out."""
    if scale.get("spread") is None:
        return None
    tree = scale.get("widths")
    if not tree:
        return np.full(len(said), float(scale["spread"]))
    x, at = _features(table, said), np.zeros(len(said), int)
    feature, threshold, left, right = (
        np.asarray(tree[k]) for k in ("feature", "threshold", "left", "right")
    )
    while (inner := feature[at] >= 0).any():
        rows = np.flatnonzero(inner)
        node = at[rows]
        at[rows] = np.where(x[rows, feature[node]] <= threshold[node], left[node], right[node])
    return np.asarray(tree["half"], float)[at]


def interval_ends(
    scale: Mapping[str, Any], table: Array, said: Array
) -> tuple[Array, Array] | None:
    """Both ends of each row's interval, (rows,) each; not under `floor`, where the training rows
    have nothing under it.
    """
    half = half_widths(scale, table, said)
    if half is None:
        return None
    low, high, floor = said - half, said + half, scale.get("floor")
    return (low, high) if floor is None else (np.maximum(low, floor), np.maximum(high, floor))


def _features(table: Array, said: Array) -> Array:
    return np.hstack([table, said[:, None]]).astype(np.float32)
