"""Rows that a forest of random cuts isolates early, as scikit-learn's IsolationForest reckons
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.data.cleaning.outliers.detector import Facts, OutlierDetector
from mesocosm.data.pipeline.ibis_sql import Column, cases, literal


class Forest(OutlierDetector):
    """Find a row by how few random cuts of its numeric fields isolate it.

    A missing value counts as its field's median. The field named is the one acted on.

    Args:
        share: the share of training rows that lie outside, over 0 and at most a half.
        trees: how many trees.
        action: `flag` in the report, make it `null`, or `quarantine` the row.

    Source: Liu, Ting and Zhou 2008, Isolation Forest; scikit-learn IsolationForest.

    >>> Forest().share
    0.01
    """

    matrix: ClassVar[bool] = True
    method: Literal["forest"] = "forest"
    action: Literal["flag", "null", "quarantine"] = "quarantine"
    share: float = Field(0.01, gt=0, le=0.5)
    trees: int = Field(30, ge=5, le=100)

    def measures(self, x: Column) -> dict[str, Any]:
        """None: the forest learns from the matrix."""
        return {}

    def fit(self, name: str, names: Sequence[str], matrix: Any) -> Facts:
        """The trees as nested lists `[field, cut, left, right]`, leaves as their depth, and the
        threshold.
        """
        import numpy as np
        from sklearn.ensemble import IsolationForest

        kept = [i for i in range(len(names)) if not np.isnan(matrix[:, i]).all()]
        if len(matrix) < 20 or not kept:
            return {}
        middle = np.nanmedian(matrix[:, kept], axis=0)
        rows = np.where(np.isnan(matrix[:, kept]), middle, matrix[:, kept])
        forest = IsolationForest(
            n_estimators=self.trees, max_samples=min(64, len(rows)), random_state=7
        ).fit(rows)
        trees = [_tree(e.tree_) for e in forest.estimators_]
        depth = np.mean(
            [[_walk(t, r) for t in trees] for r in rows[:: max(1, len(rows) // 5000)]], axis=1
        )
        return {
            "fields": [names[i] for i in kept],
            "middle": middle.tolist(),
            "trees": trees,
            "low": float(np.quantile(depth, self.share)),
        }

    def outside(self, x: Column, facts: Facts, row: Any) -> Column:
        """Whether the row is isolated earlier than the threshold."""
        if not facts:
            return literal(False)
        values = [
            row[f].cast("float64").fill_null(m)
            for f, m in zip(facts["fields"], facts["middle"], strict=True)
        ]

        def depth(tree: Any) -> Any:
            if not isinstance(tree, list):
                return literal(float(tree))
            field, cut, left, right = tree
            return cases((values[field] <= cut, depth(left)), other=depth(right))

        total = depth(facts["trees"][0])
        for tree in facts["trees"][1:]:
            total = total + depth(tree)
        return x.notnull() & (total / float(len(facts["trees"])) < facts["low"])

    def describe(self, facts: Facts) -> str:
        """What is wrong with such a row."""
        return "stands in a row far from the others (forest)"


def _spare(rows: int) -> float:
    """How deep a tree of so many rows would still go, on average."""
    import math

    if rows <= 1:
        return 0.0
    if rows == 2:
        return 1.0
    return 2 * (math.log(rows - 1) + 0.5772156649) - 2 * (rows - 1) / rows


def _tree(tree: Any, node: int = 0, depth: int = 0) -> Any:
    if tree.children_left[node] < 0:
        return round(depth + _spare(int(tree.n_node_samples[node])), 6)
    left, right = (
        _tree(tree, int(n), depth + 1)
        for n in (tree.children_left[node], tree.children_right[node])
    )
    return [int(tree.feature[node]), float(tree.threshold[node]), left, right]


def _walk(tree: Any, row: Any) -> float:
    while isinstance(tree, list):
        tree = tree[2] if row[tree[0]] <= tree[1] else tree[3]
    return float(tree)
