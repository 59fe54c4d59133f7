"""Kernel ridge: a product of RBF kernels over text and table, solved in closed form.

Knows numpy and LAPACK. Every setting is chosen by the leave-one-out scores that the solution gives
for free, so no validation rows are spent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from mesocosm.learning.arrays import Array, Floats, Ints
from mesocosm.learning.heads.folds import block_products, comparable_rows, group_blocks
from mesocosm.learning.heads.head import Groups, HeadSettings, Tensors

Loss = Callable[[Array, Array], float]  # of scores and targets
Matrix = np.ndarray[tuple[int, int], np.dtype[np.floating]]
Widths = tuple[float, ...]  # of kernels, that are tried
Best = tuple[float, tuple[float, float, float, float]]  # a loss and its settings
SAMPLE = 2500
COARSE = 1000  # rows on which widths are searched, where there are many more
EXACT = 3000  # rows up to which the inverse is kept, so that a row can be unlearned exactly
TEXT = (0.5, 1.0, 2.0, 4.0, 8.0)
CROWDED = 0.25  # spread of unit vectors, of minilm's 0.7 and more, under which widths follow it
TABLE = (0.01, 0.02, 0.05, 0.1, 0.25)
STRENGTH = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
TEMPERATURES: Widths = tuple(np.geomspace(1.0, 60.0, 24))


def log_loss(scores: Array, y: Array) -> float:
    """Mean negative log-probability of the true class under softmax of scores."""
    return float(np.mean(log_losses(scores, y)))


def log_losses(scores: Array, y: Array) -> Floats:
    """The negative log-probability of each row's true class under softmax of scores, (rows,)."""
    greatest: Array = scores.max(1, keepdims=True)
    top: Floats = np.asarray(scores - greatest)
    total: Floats = np.exp(top).sum(1)
    own: Floats = top[np.arange(len(y)), y]
    return np.log(total) - own


def multi_label_loss(scores: Array, y: Array) -> float:
    """Mean negative log-probability of each label's presence or absence, under the sigmoid of
    scores (rows, labels).
    """
    scores = scores.astype(np.float64)
    return float(np.mean(np.logaddexp(0, scores) - scores * y))


def select_loss(y: Array, classes: int) -> Loss:
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
        return y.astype(np.float64)
    if classes:
        indicators: Floats = np.eye(classes)[y]
        return indicators
    return y[:, None]


def squared_error(scores: Array, y: Array) -> float:
    """Mean squared error of scores (rows, 1)."""
    return float(np.mean((scores[:, 0] - y) ** 2))


def squared_distances(a: Array, b: Array) -> Floats:
    """Squared distances (rows of a, rows of b)."""
    of_a: Array = (a * a).sum(1)[:, None]
    of_b: Array = (b * b).sum(1)[None]
    return np.maximum(of_a + of_b - 2 * a @ b.T, 0)


def mirror_lower(matrix: Array) -> Floats:
    """The symmetric matrix of a lower triangle, its columns contiguous."""
    lower: Floats = np.tril(matrix)
    lower += np.tril(lower, -1).T
    return np.asfortranarray(lower)


def invert_kernel(kernel: Array, ridge: float) -> Floats:
    """The inverse of a kernel matrix with `ridge` on its diagonal, in float64."""
    from scipy.linalg.lapack import dpotrf, dpotri

    given = np.array(kernel, dtype=np.float64, order="F")
    given[np.diag_indices(len(given))] += ridge
    factor: Array = dpotrf(given, lower=1, overwrite_a=1)[0]
    inverse: Array = dpotri(factor, lower=1, overwrite_c=1)[0]
    return mirror_lower(inverse)


def _fit_temperature(
    loss_of: Loss, scores: Array, y: Array, temperatures: Widths
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


def _descend_grid(first: Widths, second: Widths, loss_at: Callable[[float, float], float]) -> None:
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

    def take(self, rows: Ints) -> _Problem:
        """The problem of some of the rows."""
        return replace(
            self,
            text=self.text[rows],
            table=self.table[rows],
            y=self.y[rows],
            targets=self.targets[rows],
            groups=self._take_groups(rows),
        )

    def _take_groups(self, rows: Ints) -> Groups:
        if self.groups is None:
            return None
        return self.groups[rows]


class _Search:
    """The leave-one-out loss of kernel settings on some rows; the best settings are kept.

    Attributes:
        best: the lowest loss and its settings: both widths, strength and temperature.
        left_out: the rows' held-out logits under the best settings.
    """

    best: Best | None = None
    left_out: Array

    def __init__(self, problem: _Problem) -> None:
        self.problem = problem
        self.text = squared_distances(problem.text, problem.text)
        self.table = squared_distances(problem.table, problem.table)
        self.loss_of = select_loss(problem.y, problem.classes)
        self.temperatures: Widths = (1.0,)
        if problem.classes:
            self.temperatures = TEMPERATURES
        self.blocks: list[Ints] | None = None
        if problem.groups is not None:
            self.blocks = group_blocks(problem.groups)

    def run(self, first: Widths, second: Widths) -> Best:
        """Search a grid of widths; the best loss and its settings."""
        _descend_grid(first, second, self._loss_at)
        assert self.best is not None
        return self.best

    def _loss_at(self, gamma_text: float, gamma_table: float) -> float:
        """The lowest leave-one-out loss at these widths, over strengths."""
        kernel = np.exp(-gamma_text * self.text - gamma_table * self.table)
        # float32: a third of the time, and it only ranks settings
        values: Floats
        vectors: Floats
        values, vectors = eigh(kernel, check_finite=False, overwrite_a=True, driver="evd")
        targets: Floats = (self.problem.targets - self.problem.mean).astype(vectors.dtype)
        turned: Floats = vectors.T @ targets
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

    def _left_out_gap(
        self, alpha: Floats, vectors: Floats, squares: Floats, inverse: Floats
    ) -> Floats:
        """How far each target is from its prediction without its row, or its group of rows."""
        if self.blocks is None:
            return alpha / (squares @ inverse)[:, None]
        gap = np.zeros_like(alpha)
        for block in self.blocks:
            gap[block] = np.linalg.solve(block_products(block, vectors, inverse), alpha[block])
        return gap


def _search_settings(problem: _Problem, rows: Ints, rng: np.random.Generator) -> _Search:
    """A finished search on some of the rows; of many, fewer tell the widths."""
    first: Widths = (0.0,)
    second: Widths = (0.0,)
    if problem.text.shape[1]:
        first = _text_widths(problem.text)
    if problem.table.shape[1]:
        second = TABLE
    if len(rows) > 1.5 * COARSE:
        # fewer rows tell the widths, all of them the strength: an eighth of the time each
        few = rows[np.sort(rng.permutation(len(rows))[:COARSE])]
        _, settings = _Search(problem.take(few)).run(first, second)
        first, second = (settings[0],), (settings[1],)
    search = _Search(problem.take(rows))
    search.run(first, second)
    return search


def _text_widths(text: Array) -> Widths:
    """The widths that are tried for features of texts; those of a base whose vectors crowd, such as
    E5's, are measured by the spread of the rows.
    """
    lengths = float((text * text).sum(1).mean())
    spread = float(((text - text.mean(0)) ** 2).sum(1).mean())
    if not 0 < spread < CROWDED * lengths:
        return TEXT
    return tuple(round(width * lengths / spread, 3) for width in TEXT)


class KernelRidge:
    """Ridge regression on one-hot classes, on several labels, or on a number, in the space of a
    product of RBF kernels.

    Scores of classes are regressions of their indicators; a temperature fitted on leave-one-out
    scores turns them into logits.

    Source: Rifkin and Lippert 2007, Notes on Regularized Least Squares.
    """

    name = "kernel"
    inverse: Floats | None = None
    middle = 0.0  # what a score is read against: a label is present from a half on
    whole: Array
    mean: Floats
    alpha: Array
    rows_text: Array
    rows_table: Array
    left_out: Array
    y_left: Array

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
        self.middle = 0.0
        if y.ndim == 2:
            self.middle = 0.5
        self.mean = targets.mean(0)
        self.rows_text, self.rows_table = text.astype(np.float32), table.astype(np.float32)
        rng = np.random.default_rng(seed)
        pick = np.sort(rng.permutation(len(y))[:SAMPLE])
        problem = _Problem(text, table, y, classes, targets, self.mean, self.middle, groups)
        search = _search_settings(problem, pick, rng)
        assert search.best is not None
        self.loss, (self.gamma_text, self.gamma_table, strength, self.heat) = search.best
        self.left_rows, self.y_left, self.left_out = pick, y[pick], search.left_out
        self.settings: HeadSettings = {
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
            self.whole = targets.astype(np.float64)
            self.alpha = (self.inverse @ (self.whole - self.mean)).astype(np.float32)
            return
        kernel = self._kernel(self.rows_text, self.rows_table, self.rows_text, self.rows_table)
        kernel[np.diag_indices(len(targets))] += self.ridge
        factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        offsets: Floats = (targets - self.mean).astype(kernel.dtype)
        solved: Floats = cho_solve(factor, offsets, check_finite=False)
        self.alpha = solved.astype(np.float32)

    def _kernel(self, text: Array, table: Array, other_text: Array, other_table: Array) -> Matrix:
        """The kernel between rows and others (rows, others)."""
        return np.exp(
            -self.gamma_text * squared_distances(text, other_text)
            - self.gamma_table * squared_distances(table, other_table)
        )

    def within(self) -> Floats:
        """The kernel of the rows among themselves, in float64."""
        text, table = self.rows_text.astype(np.float64), self.rows_table.astype(np.float64)
        return self._kernel(text, table, text, table)

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        kernel = self._kernel(text, table, self.rows_text, self.rows_table)
        return (kernel @ self.alpha + self.mean - self.middle) * self.heat

    def tensors(self) -> list[Tensors]:
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
