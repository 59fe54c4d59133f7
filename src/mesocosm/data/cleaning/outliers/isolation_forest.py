"""Rows that a forest of random cuts isolates early, as scikit-learn's IsolationForest reckons
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from pydantic import Field

from mesocosm.data.cleaning.facts import DetectorFacts, Tree
from mesocosm.data.cleaning.outliers.detector import OutlierDetector
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, Table, cases, literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mesocosm.data.cleaning.facts import Matrix


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

    def measures(self, x: Column) -> dict[str, Scalar]:
        """None: the forest learns from the matrix."""
        return {}

    def fit(self, name: str, names: Sequence[str], matrix: Matrix) -> DetectorFacts:
        """The trees as nested lists `[field, cut, left, right]`, leaves as their depth, and the
        threshold.
        """
        import numpy as np

        kept = [i for i in range(len(names)) if not np.isnan(matrix[:, i]).all()]
        if len(matrix) < 20 or not kept:
            return {}
        middle: Matrix = np.nanmedian(matrix[:, kept], axis=0)
        rows: Matrix = np.where(np.isnan(matrix[:, kept]), middle, matrix[:, kept])
        trees = self._grow_trees(rows)
        looked: Matrix = rows[:: max(1, len(rows) // 5000)]
        depth: Matrix = np.mean([_measure_depths(trees, row) for row in looked], axis=1)
        return {
            "fields": [names[i] for i in kept],
            "middle": middle.tolist(),
            "trees": trees,
            "low": float(np.quantile(depth, self.share)),
        }

    def _grow_trees(self, rows: Matrix) -> list[Tree]:
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(
            n_estimators=self.trees, max_samples=min(64, len(rows)), random_state=7
        )
        estimators: list[_Estimator] = forest.fit(rows).estimators_
        return [_list_tree(estimator.tree_) for estimator in estimators]

    def outside(self, x: Column, facts: DetectorFacts, row: Table) -> Column:
        """Whether the row is isolated earlier than the threshold."""
        if not facts:
            return literal(False)
        values = [
            row[f].cast("float64").fill_null(m)
            for f, m in zip(facts["fields"], facts["middle"], strict=True)
        ]
        first, *others = facts["trees"]
        total = _write_depth(first, values)
        for tree in others:
            total = total + _write_depth(tree, values)
        return x.notnull() & (total / float(len(facts["trees"])) < facts["low"])

    def describe(self, facts: DetectorFacts) -> str:
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


class _Nodes(Protocol):
    """The nodes of a tree of scikit-learn, by their number."""

    children_left: npt.NDArray[np.int64]
    children_right: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]
    n_node_samples: npt.NDArray[np.int64]


class _Estimator(Protocol):
    """A tree of a forest of scikit-learn."""

    tree_: _Nodes


def _list_tree(nodes: _Nodes, node: int = 0, depth: int = 0) -> Tree:
    """A node of a tree as nested lists."""
    if nodes.children_left[node] < 0:
        return round(depth + _spare(int(nodes.n_node_samples[node])), 6)
    left = _list_tree(nodes, int(nodes.children_left[node]), depth + 1)
    right = _list_tree(nodes, int(nodes.children_right[node]), depth + 1)
    return [int(nodes.feature[node]), float(nodes.threshold[node]), left, right]


def _cut_of(tree: list[int | float | Tree]) -> tuple[int, float, Tree, Tree]:
    """A cut as its field, its value, and what lies below and above."""
    field, cut, left, right = tree
    assert isinstance(field, int) and isinstance(cut, int | float)
    return field, cut, left, right


def _write_depth(tree: Tree, values: Sequence[Column]) -> Column:
    """How deep a row lies in a tree, as an expression."""
    if not isinstance(tree, list):
        return literal(float(tree))
    field, cut, left, right = _cut_of(tree)
    below = values[field] <= cut
    return cases((below, _write_depth(left, values)), other=_write_depth(right, values))


def _measure_depths(trees: Sequence[Tree], row: Matrix) -> list[float]:
    """How deep a row lies in each of some trees."""
    return [_measure_depth(tree, row) for tree in trees]


def _measure_depth(tree: Tree, row: Matrix) -> float:
    while isinstance(tree, list):
        field, cut, left, right = _cut_of(tree)
        tree = left if row[field] <= cut else right
    return float(tree)
