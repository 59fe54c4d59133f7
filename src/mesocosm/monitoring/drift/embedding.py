"""Texts and images as a few numbers that are tested for drift: the principal directions of a
model's own embeddings of held-out rows.

Knows numpy. A test on each direction, held to one level together, finds shifts of high-dimensional
inputs at least as well as one on all.

Source: Rabanser, Guennemann and Lipton 2019, Failing Loudly, arXiv:1810.11953
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DIRECTIONS = 8
NEAR = 0.1  # of a direction's deviation: rows nearer than this are taken for the same
LEAST = 40  # held-out rows under which nothing is tested


class EmbeddingDirections:
    """The principal directions of embeddings.

    Args:
        name: the fields that are embedded, for the names of the directions.
        vectors: embeddings of held-out rows (rows, width).
    """

    def __init__(self, name: str, vectors: Sequence[Sequence[float]]) -> None:
        import numpy as np

        given = np.asarray(vectors, dtype=float)
        self.middle = given.mean(0)
        _, _, axes = np.linalg.svd(given - self.middle, full_matrices=False)
        self.axes = axes[: min(DIRECTIONS, len(given) - 1)]
        self.names = [f"{name} (direction {n + 1})" for n in range(len(self.axes))]
        placed = (given - self.middle) @ self.axes.T
        self.name, self.given = name, given
        self.known = [np.unique(column) for column in placed.T]
        self.near = [NEAR * float(column.std()) for column in placed.T]
        self.held = [dict(zip(self.names, row, strict=True)) for row in placed.tolist()]
        self.training: dict[str, Any] = {}
        for i, direction in enumerate(self.names):
            points = np.quantile(placed[:, i], np.linspace(0, 1, 200), method="inverted_cdf")
            self.training[direction] = {"numbers": points.tolist(), "rows": len(given)}

    def test_jointly(self, vectors: Sequence[Sequence[float]], method: str) -> dict[str, float]:
        """The p-value of rows against the held-out ones by a test of all dimensions together."""
        from mesocosm.monitoring.drift.detectors import JOINT_TESTS

        return {self.name: JOINT_TESTS[method]().p_value(self.given, vectors)}

    def project(self, vectors: Sequence[Sequence[float]]) -> list[dict[str, float]]:
        """Where rows lie in each direction.

        A row near a held-out one lies where that lies: the same text in another batch has features
        that differ in their last digits, and where few texts come often a test of distributions
        would take that for a shift.
        """
        import numpy as np

        placed = (np.asarray(vectors, dtype=float) - self.middle) @ self.axes.T
        for i, (known, near) in enumerate(zip(self.known, self.near, strict=True)):
            column = placed[:, i]
            right = np.searchsorted(known, column).clip(1, len(known) - 1)
            below, above = known[right - 1], known[right]
            nearest = np.where(column - below < above - column, below, above)
            placed[:, i] = np.where(np.abs(nearest - column) <= near, nearest, column)
        return [dict(zip(self.names, row, strict=True)) for row in placed.tolist()]


def find_directions(name: str, vectors: Sequence[Sequence[float]]) -> EmbeddingDirections | None:
    """The directions, where there are rows and dimensions enough."""
    if len(vectors) < LEAST or len(vectors[0]) <= DIRECTIONS:
        return None
    return EmbeddingDirections(name, vectors)
