"""Kernel ridge: a product of RBF kernels over text and table, solved in closed form.

Knows numpy and LAPACK. Every setting is chosen by the leave-one-out scores that the solution gives
for free, so no validation rows are spent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from mesocosm.learning.heads.folds import Groups, blocks, comparable, within

Array = np.ndarray[Any, Any]
SAMPLE = 2500
COARSE = 1000  # rows on which widths are looked for, where there are many more
EXACT = 3000  # rows up to which the inverse is kept, so that one of them can be forgotten exactly
TEXT = (0.5, 1.0, 2.0, 4.0, 8.0)
TABLE = (0.01, 0.02, 0.05, 0.1, 0.25)
STRENGTH = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
TEMPERATURES = tuple(np.geomspace(1.0, 60.0, 24))


def log_loss(scores: Array, y: Array) -> float:
    """Mean negative log-probability of the true class under softmax of scores."""
    top = scores - scores.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(top).sum(1)) - top[np.arange(len(y)), y]))


def labels_loss(scores: Array, y: Array) -> float:
    """Mean negative log-probability of each label being there or not, under the sigmoid of scores
    (rows, labels).
    """
    scores = scores.astype(float)
    return float(np.mean(np.logaddexp(0, scores) - scores * y))


def loss_for(y: Array, classes: int) -> Callable[[Array, Array], float]:
    """The loss of targets: class numbers (rows,), numbers (rows,) with `classes` 0, or labels there
    or not (rows, labels).

    The only row of a class is not counted where all rows of `y` are judged, since no other teaches
    it.
    """
    if y.ndim == 2 or not classes:
        return labels_loss if y.ndim == 2 else square_loss
    kept = comparable(y, classes)
    return (
        log_loss
        if kept is None
        else lambda scores, y: (
            log_loss(scores[kept], y[kept]) if len(y) == len(kept) else log_loss(scores, y)
        )
    )


def square_loss(scores: Array, y: Array) -> float:
    """Mean squared error of scores (rows, 1)."""
    return float(np.mean((scores[:, 0] - y) ** 2))


def distances(a: Array, b: Array) -> Array:
    """Squared distances (rows of a, rows of b)."""
    return np.asarray(np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T, 0))


def inverse_of(kernel: Array, ridge: float) -> Array:
    """The inverse of a kernel matrix with `ridge` on its diagonal, in float64."""
    from scipy.linalg.lapack import dpotrf, dpotri

    given = np.array(kernel, dtype=np.float64, order="F")
    given[np.diag_indices(len(given))] += ridge
    lower = dpotri(dpotrf(given, lower=1, overwrite_a=1)[0], lower=1, overwrite_c=1)[0]
    lower = np.tril(lower)
    lower += np.tril(lower, -1).T
    return np.asfortranarray(lower)


def _heated(loss_of: Any, scores: Array, y: Array, heats: tuple[float, ...]) -> tuple[float, float]:
    """The lowest loss over heats, and that heat; the loss falls and then rises with it, so every
    fourth is tried and then those beside the best.
    """
    coarse = [(loss_of(scores * h, y), i) for i, h in enumerate(heats) if i % 4 == 0]
    near = min(coarse)[1]
    fine = [
        (loss_of(scores * heats[i], y), i)
        for i in range(max(0, near - 3), min(len(heats), near + 4))
        if i % 4
    ]
    loss, at = min([*coarse, *fine])
    return float(loss), float(heats[at])


def _downhill(
    first: tuple[float, ...], second: tuple[float, ...], loss_at: Callable[[float, float], float]
) -> None:
    """Go from the middle of a grid to the better neighbour, a step in one direction before the
    other, until none is better.
    """
    known: dict[tuple[int, int], float] = {}

    def loss(i: int, j: int) -> float:
        if not (0 <= i < len(first) and 0 <= j < len(second)):
            return np.inf
        if (i, j) not in known:
            known[i, j] = loss_at(first[i], second[j])
        return known[i, j]

    here = (len(first) // 2, len(second) // 2)
    moved = True
    while moved:
        moved = False
        for step in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            while loss(here[0] + step[0], here[1] + step[1]) < loss(*here):
                here, moved = (here[0] + step[0], here[1] + step[1]), True


class KernelRidge:
    """Ridge regression on one-hot labels, on labels of which several may be there, or on a number,
    in the space of a product of RBF kernels.

    Scores of classes are regressions of their indicators; a temperature fitted on leave-one-out
    scores turns them into logits.

    Source: Rifkin and Lippert 2007, Notes on Regularized Least Squares.
    """

    name = "kernel"
    inverse: Array | None = None
    middle = 0.0  # what a score is read against: a label is there from a half on
    whole: Array

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> KernelRidge:
        """Another of the kind, fitted on other rows."""
        return KernelRidge().fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> KernelRidge:
        """Choose widths, strength and temperature on at most 2,500 rows, then solve for all rows.

        Args:
            y: class numbers, labels there or not (rows, labels), or with `classes` 0 the numbers
                themselves, standardised.
        """
        loss_of, heats = loss_for(y, classes), TEMPERATURES if classes else (1.0,)
        whole = y.astype(float) if y.ndim == 2 else np.eye(classes)[y] if classes else y[:, None]
        self.middle = 0.5 if y.ndim == 2 else 0.0
        self.rows_text, self.rows_table = text.astype(np.float32), table.astype(np.float32)
        rng = np.random.default_rng(seed)
        pick = np.sort(rng.permutation(len(y))[:SAMPLE])
        self.mean = whole.mean(0)
        best: tuple[float, tuple[float, float, float, float]] | None = None

        d_text = d_table = target = np.zeros(0)
        own: list[Array] | None = None

        def look(rows: Array) -> None:
            """Look at these rows from now on."""
            nonlocal d_text, d_table, target, best, own, loss_of
            d_text, d_table = distances(text[rows], text[rows]), distances(table[rows], table[rows])
            self.left_rows = rows
            target, self.y_left, best, loss_of = (
                whole[rows],
                y[rows],
                None,
                loss_for(y[rows], classes),
            )
            own = None if groups is None else blocks(groups[rows])

        def loss_at(gamma_text: float, gamma_table: float) -> float:
            """The lowest left-out loss at these widths, over strengths; the best of all is kept."""
            nonlocal best
            kernel = np.exp(-gamma_text * d_text - gamma_table * d_table)
            values, vectors = eigh(
                kernel, check_finite=False, overwrite_a=True, driver="evd"
            )  # float32: a third of the time, and it only ranks settings
            turned = vectors.T @ (target - self.mean).astype(vectors.dtype)
            squares, lowest = vectors**2, np.inf
            for strength in STRENGTH:
                inverse = 1 / (np.maximum(values, 0) + np.float32(strength))
                alpha = vectors @ (inverse[:, None] * turned)
                if own is None:
                    gap = alpha / (squares @ inverse)[:, None]
                else:
                    gap = np.zeros_like(alpha)
                    for block in own:
                        gap[block] = np.linalg.solve(within(block, vectors, inverse), alpha[block])
                left = target - gap - self.middle
                loss, heat = _heated(loss_of, left, self.y_left, heats)
                lowest = min(lowest, loss)
                if best is None or loss < best[0] - 1e-9:
                    best, self.left_out = (
                        (loss, (gamma_text, gamma_table, strength, heat)),
                        left * heat,
                    )
            return lowest

        first, second = TEXT if text.shape[1] else (0.0,), TABLE if table.shape[1] else (0.0,)
        if (
            len(pick) > 1.5 * COARSE
        ):  # fewer rows tell the widths, all of them the strength: an eighth of the time each
            look(pick[np.sort(rng.permutation(len(pick))[:COARSE])])
            _downhill(first, second, loss_at)
            assert best is not None
            first, second = (best[1][0],), (best[1][1],)
        look(pick)
        _downhill(first, second, loss_at)
        assert best is not None
        self.loss, (self.gamma_text, self.gamma_table, strength, self.heat) = best
        self.settings = {
            "gamma_text": self.gamma_text,
            "gamma_table": self.gamma_table,
            "strength": strength,
        }
        self.ridge = (
            strength * max(1.0, (len(y) / len(pick)) ** 0.5) if len(y) > SAMPLE else strength
        )
        if len(y) <= EXACT:
            self.inverse, self.whole = inverse_of(self.within(), self.ridge), whole.astype(float)
            self.alpha = (self.inverse @ (self.whole - self.mean)).astype(np.float32)
            return self
        kernel = np.exp(
            -self.gamma_text * distances(self.rows_text, self.rows_text)
            - self.gamma_table * distances(self.rows_table, self.rows_table)
        )
        kernel[np.diag_indices(len(y))] += self.ridge
        factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        self.alpha = cho_solve(
            factor, (whole - self.mean).astype(kernel.dtype), check_finite=False
        ).astype(np.float32)
        return self

    def within(self) -> Array:
        """The kernel of the rows among themselves, in float64."""
        text, table = self.rows_text.astype(float), self.rows_table.astype(float)
        return np.asarray(
            np.exp(
                -self.gamma_text * distances(text, text)
                - self.gamma_table * distances(table, table)
            )
        )

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        kernel = np.exp(
            -self.gamma_text * distances(text, self.rows_text)
            - self.gamma_table * distances(table, self.rows_table)
        )
        return np.asarray((kernel @ self.alpha + self.mean - self.middle) * self.heat)

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds."""
        return [
            {
                "alpha": self.alpha * np.float32(self.heat),
                "bias": ((self.mean - self.middle) * self.heat).astype(np.float32),
                "text": self.rows_text,
                "table": self.rows_table,
                "gammas": np.array([self.gamma_text, self.gamma_table], np.float32),
            }
        ]
