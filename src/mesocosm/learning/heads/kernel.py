"""Kernel ridge: a product of RBF kernels over text and table, solved in closed form.

Knows numpy and LAPACK. Every setting is chosen by the leave-one-out scores that the solution gives
for free, so no validation rows are spent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from mesocosm.learning.heads.folds import Groups, block_products, comparable_rows, group_blocks

Array = np.ndarray[Any, Any]
SAMPLE = 2500
COARSE = 1000  # rows on which widths are searched, where there are many more
EXACT = 3000  # rows up to which the inverse is kept, so that a row can be unlearned exactly
TEXT = (0.5, 1.0, 2.0, 4.0, 8.0)
TABLE = (0.01, 0.02, 0.05, 0.1, 0.25)
STRENGTH = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
TEMPERATURES = tuple(np.geomspace(1.0, 60.0, 24))


def log_loss(scores: Array, y: Array) -> float:
    """Mean negative log-probability of the true class under softmax of scores."""
    top = scores - scores.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(top).sum(1)) - top[np.arange(len(y)), y]))


def multi_label_loss(scores: Array, y: Array) -> float:
    """Mean negative log-probability of each label's presence or absence, under the sigmoid of
    scores (rows, labels).
    """
    scores = scores.astype(float)
    return float(np.mean(np.logaddexp(0, scores) - scores * y))


def select_loss(y: Array, classes: int) -> Callable[[Array, Array], float]:
    """The loss of targets: class numbers (rows,), numbers (rows,) with `classes` 0, or 0/1 labels
    (rows, labels).

    The only row of a class is not counted where all rows of `y` are evaluated, since no other row
    trains it.
    """
    if y.ndim == 2:
        return multi_label_loss
    if not classes:
        return squared_error
    counted = comparable_rows(y, classes)
    if counted is None:
        return log_loss

    def comparable_log_loss(scores: Array, y: Array) -> float:
        if len(y) == len(counted):
            return log_loss(scores[counted], y[counted])
        return log_loss(scores, y)

    return comparable_log_loss


def encode_targets(y: Array, classes: int) -> Array:
    """Targets as columns (rows, outputs): one-hot classes, 0/1 labels, or a number."""
    if y.ndim == 2:
        return np.asarray(y.astype(float))
    return np.asarray(np.eye(classes)[y] if classes else y[:, None])


def squared_error(scores: Array, y: Array) -> float:
    """Mean squared error of scores (rows, 1)."""
    return float(np.mean((scores[:, 0] - y) ** 2))


def squared_distances(a: Array, b: Array) -> Array:
    """Squared distances (rows of a, rows of b)."""
    return np.asarray(np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T, 0))


def invert_kernel(kernel: Array, ridge: float) -> Array:
    """The inverse of a kernel matrix with `ridge` on its diagonal, in float64."""
    from scipy.linalg.lapack import dpotrf, dpotri

    given = np.array(kernel, dtype=np.float64, order="F")
    given[np.diag_indices(len(given))] += ridge
    lower = dpotri(dpotrf(given, lower=1, overwrite_a=1)[0], lower=1, overwrite_c=1)[0]
    lower = np.tril(lower)
    lower += np.tril(lower, -1).T
    return np.asfortranarray(lower)


def _fit_temperature(
    loss_of: Any, scores: Array, y: Array, temperatures: tuple[float, ...]
) -> tuple[float, float]:
    """The lowest loss over temperatures, and that temperature; the loss falls and then rises with
    it, so every fourth is tried and then the neighbours of the best.
    """
    losses = {i: loss_of(scores * temperatures[i], y) for i in range(0, len(temperatures), 4)}
    near = min((loss, i) for i, loss in losses.items())[1]
    for i in range(max(0, near - 3), min(len(temperatures), near + 4)):
        if i % 4:
            losses[i] = loss_of(scores * temperatures[i], y)
    loss, at = min((loss, i) for i, loss in losses.items())
    return float(loss), float(temperatures[at])


def _descend_grid(
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


@dataclass(frozen=True)
class _Problem:
    """Rows whose targets (rows, outputs) are regressed on a kernel.

    Args:
        y: the targets as they are, from which the loss follows.
        mean: of the targets over all rows, (outputs,).
        middle: what a score is read against.
        groups: the number of each row's group, where rows of one group are left out together.
    """

    text: Array
    table: Array
    y: Array
    classes: int
    targets: Array
    mean: Array
    middle: float
    groups: Groups

    def take(self, rows: Array) -> _Problem:
        """The problem of some of the rows."""
        return replace(
            self,
            text=self.text[rows],
            table=self.table[rows],
            y=self.y[rows],
            targets=self.targets[rows],
            groups=None if self.groups is None else self.groups[rows],
        )


class _Search:
    """The leave-one-out loss of kernel settings on some rows; the best settings are kept.

    Attributes:
        best: the lowest loss and its settings: both widths, strength and temperature.
        left_out: the rows' held-out logits under the best settings.
    """

    best: tuple[float, tuple[float, float, float, float]] | None = None
    left_out: Array

    def __init__(self, problem: _Problem) -> None:
        self.problem = problem
        self.text = squared_distances(problem.text, problem.text)
        self.table = squared_distances(problem.table, problem.table)
        self.loss_of = select_loss(problem.y, problem.classes)
        self.temperatures = TEMPERATURES if problem.classes else (1.0,)
        self.blocks = None if problem.groups is None else group_blocks(problem.groups)

    def run(self, first: tuple[float, ...], second: tuple[float, ...]) -> tuple[Any, ...]:
        """Search a grid of widths; the best loss and its settings."""
        _descend_grid(first, second, self._loss_at)
        assert self.best is not None
        return self.best

    def _loss_at(self, gamma_text: float, gamma_table: float) -> float:
        """The lowest leave-one-out loss at these widths, over strengths."""
        kernel = np.exp(-gamma_text * self.text - gamma_table * self.table)
        # float32: a third of the time, and it only ranks settings
        values, vectors = eigh(kernel, check_finite=False, overwrite_a=True, driver="evd")
        turned = vectors.T @ (self.problem.targets - self.problem.mean).astype(vectors.dtype)
        squares, lowest = vectors**2, np.inf
        for strength in STRENGTH:
            inverse = 1 / (np.maximum(values, 0) + np.float32(strength))
            alpha = vectors @ (inverse[:, None] * turned)
            gap = self._left_out_gap(alpha, vectors, squares, inverse)
            left = self.problem.targets - gap - self.problem.middle
            loss, heat = _fit_temperature(self.loss_of, left, self.problem.y, self.temperatures)
            lowest = min(lowest, loss)
            if self.best is None or loss < self.best[0] - 1e-9:
                self.best = (loss, (gamma_text, gamma_table, strength, heat))
                self.left_out = left * heat
        return lowest

    def _left_out_gap(self, alpha: Array, vectors: Array, squares: Array, inverse: Array) -> Array:
        """How far each target is from its prediction without its row, or its group of rows."""
        if self.blocks is None:
            return np.asarray(alpha / (squares @ inverse)[:, None])
        gap = np.zeros_like(alpha)
        for block in self.blocks:
            gap[block] = np.linalg.solve(block_products(block, vectors, inverse), alpha[block])
        return gap


def _search_settings(problem: _Problem, rows: Array, rng: np.random.Generator) -> _Search:
    """A finished search on some of the rows; of many, fewer tell the widths."""
    first = TEXT if problem.text.shape[1] else (0.0,)
    second = TABLE if problem.table.shape[1] else (0.0,)
    if len(rows) > 1.5 * COARSE:
        # fewer rows tell the widths, all of them the strength: an eighth of the time each
        few = rows[np.sort(rng.permutation(len(rows))[:COARSE])]
        _, settings = _Search(problem.take(few)).run(first, second)
        first, second = (settings[0],), (settings[1],)
    search = _Search(problem.take(rows))
    search.run(first, second)
    return search


class KernelRidge:
    """Ridge regression on one-hot classes, on several labels, or on a number, in the space of a
    product of RBF kernels.

    Scores of classes are regressions of their indicators; a temperature fitted on leave-one-out
    scores turns them into logits.

    Source: Rifkin and Lippert 2007, Notes on Regularized Least Squares.
    """

    name = "kernel"
    inverse: Array | None = None
    middle = 0.0  # what a score is read against: a label is present from a half on
    whole: Array

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> KernelRidge:
        """A head of the same kind, fitted on other rows."""
        return KernelRidge().fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> KernelRidge:
        """Choose widths, strength and temperature on at most 2,500 rows, then solve for all rows.

        Args:
            y: class numbers, 0/1 labels (rows, labels), or with `classes` 0 the numbers themselves,
                standardised.
        """
        targets = encode_targets(y, classes)
        self.middle = 0.5 if y.ndim == 2 else 0.0
        self.mean = targets.mean(0)
        self.rows_text, self.rows_table = text.astype(np.float32), table.astype(np.float32)
        rng = np.random.default_rng(seed)
        pick = np.sort(rng.permutation(len(y))[:SAMPLE])
        problem = _Problem(text, table, y, classes, targets, self.mean, self.middle, groups)
        search = _search_settings(problem, pick, rng)
        assert search.best is not None
        self.loss, (self.gamma_text, self.gamma_table, strength, self.heat) = search.best
        self.left_rows, self.y_left, self.left_out = pick, y[pick], search.left_out
        self.settings = {
            "gamma_text": self.gamma_text,
            "gamma_table": self.gamma_table,
            "strength": strength,
        }
        self.ridge = strength
        if len(y) > SAMPLE:
            self.ridge = strength * max(1.0, (len(y) / len(pick)) ** 0.5)
        self._solve(targets)
        return self

    def _solve(self, targets: Array) -> None:
        """Solve for the weights of all rows; of few, the inverse is kept."""
        if len(targets) <= EXACT:
            self.inverse = invert_kernel(self.within(), self.ridge)
            self.whole = targets.astype(float)
            self.alpha = (self.inverse @ (self.whole - self.mean)).astype(np.float32)
            return
        kernel = np.exp(
            -self.gamma_text * squared_distances(self.rows_text, self.rows_text)
            - self.gamma_table * squared_distances(self.rows_table, self.rows_table)
        )
        kernel[np.diag_indices(len(targets))] += self.ridge
        factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        self.alpha = cho_solve(
            factor, (targets - self.mean).astype(kernel.dtype), check_finite=False
        ).astype(np.float32)

    def within(self) -> Array:
        """The kernel of the rows among themselves, in float64."""
        text, table = self.rows_text.astype(float), self.rows_table.astype(float)
        return np.asarray(
            np.exp(
                -self.gamma_text * squared_distances(text, text)
                - self.gamma_table * squared_distances(table, table)
            )
        )

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        kernel = np.exp(
            -self.gamma_text * squared_distances(text, self.rows_text)
            - self.gamma_table * squared_distances(table, self.rows_table)
        )
        return np.asarray((kernel @ self.alpha + self.mean - self.middle) * self.heat)

    def tensors(self) -> list[dict[str, Array]]:
        """The tensors of the exported graph."""
        return [
            {
                "alpha": self.alpha * np.float32(self.heat),
                "bias": ((self.mean - self.middle) * self.heat).astype(np.float32),
                "text": self.rows_text,
                "table": self.rows_table,
                "gammas": np.array([self.gamma_text, self.gamma_table], np.float32),
            }
        ]
