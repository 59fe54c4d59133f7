"""Texts and images as a few numbers that are tested for drift: the principal directions of a
model's own embeddings of held-out rows.

Knows numpy. A test on each direction, held to one level together, finds shifts of high-dimensional
inputs at least as well as one on all.

Source: Rabanser, Guennemann and Lipton 2019, Failing Loudly, arXiv:1810.11953
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import TrainingColumn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

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

        given = np.asarray(vectors, dtype=np.float64)
        self.middle: Array = given.mean(0)
        axes: Array = np.linalg.svd(given - self.middle, full_matrices=False)[2]
        self.axes: Array = axes[: min(DIRECTIONS, len(given) - 1)]
        self.names = [f"{name} (direction {n + 1})" for n in range(len(self.axes))]
        placed: Array = (given - self.middle) @ self.axes.T
        self.name, self.given = name, given
        columns: list[Array] = list(placed.T)
        self.known = [np.unique(column) for column in columns]
        self.near = [NEAR * float(column.std()) for column in columns]
        self.held = self._by_name(placed)
        self.training: dict[str, TrainingColumn] = {}
        for direction, column in zip(self.names, columns, strict=True):
            points = np.quantile(column, np.linspace(0, 1, 200), method="inverted_cdf")
            numbers: list[float] = points.tolist()
            self.training[direction] = {"numbers": numbers, "rows": len(given)}

    def _by_name(self, placed: Array) -> list[dict[str, float]]:
        """Rows by the names of their directions."""
        rows: list[list[float]] = placed.tolist()
        return [dict(zip(self.names, row, strict=True)) for row in rows]

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

        placed: Array = (np.asarray(vectors, dtype=np.float64) - self.middle) @ self.axes.T
        for i, (known, near) in enumerate(zip(self.known, self.near, strict=True)):
            column: Array = placed[:, i]
            right = np.searchsorted(known, column).clip(1, len(known) - 1)
            below: Array = known[right - 1]
            above: Array = known[right]
            nearest = np.where(column - below < above - column, below, above)
            placed[:, i] = np.where(np.abs(nearest - column) <= near, nearest, column)
        return self._by_name(placed)


def find_directions(name: str, vectors: Sequence[Sequence[float]]) -> EmbeddingDirections | None:
    """The directions, where there are rows and dimensions enough."""
    if len(vectors) < LEAST or len(vectors[0]) <= DIRECTIONS:
        return None
    return EmbeddingDirections(name, vectors)
