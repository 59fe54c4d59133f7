"""Kernel ridge: a product of RBF kernels over text and table, solved in closed form.

Knows numpy and LAPACK. Every setting is chosen by the leave-one-out scores that the solution gives
for free, so no validation rows are spent.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

Array = np.ndarray[Any, Any]
SAMPLE = 2500
TEXT = (1.0, 2.0, 4.0)
TABLE = (0.02, 0.05, 0.1, 0.25)
STRENGTH = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
TEMPERATURES = tuple(np.geomspace(1.0, 60.0, 24))


def log_loss(scores: Array, y: Array) -> float:
    """Mean negative log-probability of the true class under softmax of scores."""
    top = scores - scores.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(top).sum(1)) - top[np.arange(len(y)), y]))


def square_loss(scores: Array, y: Array) -> float:
    """Mean squared error of scores (rows, 1)."""
    return float(np.mean((scores[:, 0] - y) ** 2))


def distances(a: Array, b: Array) -> Array:
    """Squared distances (rows of a, rows of b)."""
    return np.asarray(np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T, 0))


class KernelRidge:
    """Ridge regression on one-hot labels, or on a number, in the space of a product of RBF kernels.

    Scores of classes are regressions of their indicators; a temperature fitted on leave-one-out
    scores turns them into logits.

    Source: Rifkin and Lippert 2007, Notes on Regularized Least Squares.
    """

    name = "kernel"

    def fit(self, text: Array, table: Array, y: Array, classes: int, seed: int) -> KernelRidge:
        """Choose widths, strength and temperature on at most 2,500 rows, then solve for all rows.

        Args:
            y: class numbers, or with `classes` 0 the numbers themselves, standardised.
        """
        loss_of, heats = (log_loss, TEMPERATURES) if classes else (square_loss, (1.0,))
        whole = np.eye(classes)[y] if classes else y[:, None]
        self.rows_text, self.rows_table = text.astype(np.float32), table.astype(np.float32)
        rng = np.random.default_rng(seed)
        pick = np.sort(rng.permutation(len(y))[:SAMPLE])
        grid = product(TEXT if text.shape[1] else (0.0,), TABLE if table.shape[1] else (0.0,))
        best: tuple[float, tuple[float, float, float, float]] | None = None
        d_text, d_table = distances(text[pick], text[pick]), distances(table[pick], table[pick])
        target = whole[pick]
        self.y_left = y[pick]
        self.mean = whole.mean(0)
        for gamma_text, gamma_table in grid:
            kernel = np.exp(-gamma_text * d_text - gamma_table * d_table)
            values, vectors = eigh(kernel.astype(np.float64), check_finite=False)
            turned = vectors.T @ (target - self.mean)
            squares = vectors**2
            for strength in STRENGTH:
                inverse = 1 / (np.maximum(values, 0) + strength)
                alpha = vectors @ (inverse[:, None] * turned)
                left = target - alpha / (squares @ inverse)[:, None]
                for heat in heats:
                    loss = loss_of(left * heat, y[pick])
                    if best is None or loss < best[0] - 1e-9:
                        best, self.left_out = (loss, (gamma_text, gamma_table, strength, float(heat))), left * heat
        assert best is not None
        self.loss, (self.gamma_text, self.gamma_table, strength, self.heat) = best
        self.settings = {"gamma_text": self.gamma_text, "gamma_table": self.gamma_table, "strength": strength}
        scale = strength * max(1.0, (len(y) / len(pick)) ** 0.5)
        kernel = np.exp(-self.gamma_text * distances(self.rows_text, self.rows_text) - self.gamma_table * distances(self.rows_table, self.rows_table))
        kernel[np.diag_indices(len(y))] += scale if len(y) > SAMPLE else strength
        factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        self.alpha = cho_solve(factor, (whole - self.mean).astype(kernel.dtype), check_finite=False).astype(np.float32)
        return self

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        kernel = np.exp(-self.gamma_text * distances(text, self.rows_text) - self.gamma_table * distances(table, self.rows_table))
        return np.asarray((kernel @ self.alpha + self.mean) * self.heat)

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds."""
        return [{
            "alpha": self.alpha * np.float32(self.heat),
            "bias": (self.mean * self.heat).astype(np.float32),
            "text": self.rows_text,
            "table": self.rows_table,
            "gammas": np.array([self.gamma_text, self.gamma_table], np.float32),
        }]
