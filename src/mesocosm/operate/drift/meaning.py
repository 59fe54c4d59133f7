"""Texts and images as a few numbers that drift can be told of: the directions in which a model's own features of held-out rows vary most.

Knows numpy. A test on each direction, held to one level together, finds shifts of high-dimensional inputs at least as well as one on all.

Source: Rabanser, Guennemann and Lipton 2019, Failing Loudly, arXiv:1810.11953
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DIRECTIONS = 8
LEAST = 60  # held-out rows under which nothing is told


class Meaning:
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
        self.held = self.along(vectors)
        self.training: dict[str, Any] = {n: {"numbers": np.quantile([r[n] for r in self.held], np.linspace(0, 1, 200)).tolist(), "rows": len(given)} for n in self.names}

    def along(self, vectors: Sequence[Sequence[float]]) -> list[dict[str, float]]:
        """Where rows lie in each direction."""
        import numpy as np

        told = (np.asarray(vectors, dtype=float) - self.middle) @ self.axes.T
        return [dict(zip(self.names, row, strict=True)) for row in told.tolist()]


def meaning(name: str, vectors: Sequence[Sequence[float]]) -> Meaning | None:
    """The directions, where there are rows and features enough."""
    return Meaning(name, vectors) if len(vectors) >= LEAST and len(vectors[0]) > DIRECTIONS else None
