"""Texts and images as a few numbers that drift can be told of: the directions in which a model's
own features of held-out rows vary most.

Knows numpy. A test on each direction, held to one level together, finds shifts of high-dimensional
inputs at least as well as one on all.

Source: Rabanser, Guennemann and Lipton 2019, Failing Loudly, arXiv:1810.11953
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DIRECTIONS = 8
NEAR = 0.1  # of a direction's deviation: rows nearer than this are taken for the same
LEAST = 40  # held-out rows under which nothing is told


class EmbeddingDirections:
    """The directions.

    Args:
        name: what is read, in the names of the directions.
        vectors: features of held-out rows (rows, width).
    """

    def __init__(self, name: str, vectors: Sequence[Sequence[float]]) -> None:
        import numpy as np

        given = np.asarray(vectors, dtype=float)
        self.middle = given.mean(0)
        _, _, axes = np.linalg.svd(given - self.middle, full_matrices=False)
        self.axes = axes[: min(DIRECTIONS, len(given) - 1)]
        self.names = [f"{name} (direction {n + 1})" for n in range(len(self.axes))]
        told = (given - self.middle) @ self.axes.T
        self.name, self.given = name, given
        self.known = [np.unique(column) for column in told.T]
        self.near = [NEAR * float(column.std()) for column in told.T]
        self.held = [dict(zip(self.names, row, strict=True)) for row in told.tolist()]
        self.training: dict[str, Any] = {
            n: {
                "numbers": (
                    np.quantile(told[:, i], np.linspace(0, 1, 200), method="inverted_cdf").tolist()
                ),
                "rows": len(given),
            }
            for i, n in enumerate(self.names)
        }

    def whole(self, vectors: Sequence[Sequence[float]], method: str) -> dict[str, float]:
        """The p-value of rows beside the held-out ones by a test of all features together."""
        from mesocosm.monitoring.drift.detectors import JOINT_TESTS

        return {self.name: JOINT_TESTS[method]().p_value(self.given, vectors)}

    def along(self, vectors: Sequence[Sequence[float]]) -> list[dict[str, float]]:
        """Where rows lie in each direction.

        A row near a held-out one lies where that lies: the same text in another batch has features
        that differ in their last digits, and where few texts come often a test of distributions
        would take that for a shift.
        """
        import numpy as np

        told = (np.asarray(vectors, dtype=float) - self.middle) @ self.axes.T
        for i, (known, near) in enumerate(zip(self.known, self.near, strict=True)):
            right = np.searchsorted(known, told[:, i]).clip(1, len(known) - 1)
            nearest = np.where(
                told[:, i] - known[right - 1] < known[right] - told[:, i],
                known[right - 1],
                known[right],
            )
            told[:, i] = np.where(np.abs(nearest - told[:, i]) <= near, nearest, told[:, i])
        return [dict(zip(self.names, row, strict=True)) for row in told.tolist()]


def find_directions(name: str, vectors: Sequence[Sequence[float]]) -> EmbeddingDirections | None:
    """The directions, where there are rows and features enough."""
    return (
        EmbeddingDirections(name, vectors)
        if len(vectors) >= LEAST and len(vectors[0]) > DIRECTIONS
        else None
    )
