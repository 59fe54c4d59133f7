"""A linear projection from questions to answers: one matrix over the base's features, solved in
closed form. Knows numpy.

It is shrunk toward the identity, so with few rows it does little; how strongly is chosen by the
leave-one-out loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mesocosm.learning.heads.folds import Groups, block_products, group_blocks

Array = np.ndarray[Any, Any]
STRENGTHS = tuple(np.geomspace(0.1, 1000, 13))


def normalize_rows(x: Array) -> Array:
    """Rows scaled to length one."""
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9))


def rank_answers(asked: Array, answers: Array, right: Array) -> Array:
    """The rank, from 1, of each row's right answer among all, by cosine; ties share the better half
    of their ranks.

    Args:
        asked: unit vectors (rows, width); `answers`: (count, width); `right`: the number of each
            row's answer.

    >>> rank_answers(np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 0])).tolist()
    [2.0, 1.0]
    """
    near = asked @ answers.T
    own = near[np.arange(len(right)), right][:, None]
    return np.asarray(
        1 + (near > own + 1e-7).sum(1) + (np.abs(near - own) <= 1e-7).sum(1) // 2, dtype=float
    )


def fit_projection(
    asked: Array, answered: Array, answers: Array, right: Array, groups: Groups = None
) -> tuple[Array, dict[str, Any]]:
    """The matrix (width, width) of the best held-out mean reciprocal rank, and what was chosen.

    Minimises |Q W - A|^2 + strength |W - I|^2; a row, or a group of rows, is left out by its
    leverage, exactly.

    Args:
        asked: unit vectors of the training questions, `answered` those of their answers.
        answers: unit vectors of all answers, `right` the number of each training row's own.
        groups: the number of each training row's group, where those of one group are left out
            together.

    Source: Hoerl and Kennard 1970, Technometrics 12 (ridge); Mikolov et al. 2013, arXiv 1309.4168
    (a map between two spaces).
    """
    q, gap = asked.astype(float), answered.astype(float) - asked
    values, axes = np.linalg.eigh(q.T @ q)
    turned = q @ axes
    along = turned.T @ gap
    best = float((1 / rank_answers(normalize_rows(asked), answers, right)).mean())
    matrix = np.eye(q.shape[1])
    chosen: dict[str, Any] = {"pull": None, "left_out_mrr": round(best, 4)}
    blocks = None if groups is None else group_blocks(groups)
    for strength in STRENGTHS:
        shrunk = 1 / (np.maximum(values, 0) + strength)
        left = _leave_out(gap, turned @ (shrunk[:, None] * along), turned, shrunk, blocks)
        mrr = float((1 / rank_answers(normalize_rows(asked + left), answers, right)).mean())
        if mrr > best + 1e-9:
            best, matrix = mrr, np.eye(q.shape[1]) + axes @ (shrunk[:, None] * along)
            chosen = {"pull": round(float(strength), 4), "left_out_mrr": round(mrr, 4)}
    return matrix.astype(np.float32), chosen


def _leave_out(
    gap: Array, fitted: Array, turned: Array, shrunk: Array, blocks: list[Array] | None
) -> Array:
    """The fitted gap of each row when its row, or its group of rows, is left out."""
    if blocks is None:
        lever = np.minimum((turned**2) @ shrunk, 1 - 1e-6)[:, None]
        return np.asarray((fitted - lever * gap) / (1 - lever))
    left = gap.copy()
    for rows in blocks:
        left[rows] -= np.linalg.solve(
            np.eye(rows.shape[1]) * (1 + 1e-6) - block_products(rows, turned, shrunk),
            (gap - fitted)[rows],
        )
    return left
