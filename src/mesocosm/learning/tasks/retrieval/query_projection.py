"""A linear projection from questions to answers: one matrix over the base's features, solved in
closed form. Knows numpy.

It is shrunk toward the identity, so with few rows it does little; how strongly is chosen by the
leave-one-out loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.heads.folds import Groups, block_products, group_blocks

STRENGTHS: tuple[float, ...] = tuple(np.geomspace(0.1, 1000, 13))


class ChosenProjection(TypedDict):
    """The strength toward the identity (`pull`; None for no matrix), and the leave-one-out mean
    reciprocal rank.
    """

    pull: float | None
    left_out_mrr: float


def normalize_rows(x: Floats) -> Floats:
    """Rows scaled to length one."""
    lengths: Floats = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.maximum(lengths, 1e-9)


def rank_answers(asked: Floats, answers: Floats, right: Ints) -> Floats:
    """The rank, from 1, of each row's right answer among all, by cosine; ties share the better half
    of their ranks.

    Args:
        asked: unit vectors (rows, width); `answers`: (count, width); `right`: the number of each
            row's answer.

    >>> rank_answers(np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 0])).tolist()
    [2.0, 1.0]
    """
    near: Floats = asked @ answers.T
    own: Floats = near[np.arange(len(right)), right][:, None]
    nearer: Ints = (near > own + 1e-7).sum(1)
    equal: Ints = (np.abs(near - own) <= 1e-7).sum(1)
    return np.asarray(1 + nearer + equal // 2, dtype=float)


def mean_reciprocal_rank(asked: Floats, answers: Floats, right: Ints) -> float:
    """The mean of one over the rank of each row's right answer (see `rank_answers`)."""
    return float((1 / rank_answers(normalize_rows(asked), answers, right)).mean())


def fit_projection(
    asked: Floats, answered: Floats, answers: Floats, right: Ints, groups: Groups = None
) -> tuple[Floats, ChosenProjection]:
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
    q: Floats = asked.astype(float)
    gap: Floats = answered.astype(float) - asked
    gram: Floats = q.T @ q
    values, axes = np.linalg.eigh(gram)
    turned: Floats = q @ axes
    along: Floats = turned.T @ gap
    best = mean_reciprocal_rank(asked, answers, right)
    matrix: Floats = np.eye(q.shape[1])
    chosen: ChosenProjection = {"pull": None, "left_out_mrr": round(best, 4)}
    blocks = None
    if groups is not None:
        blocks = group_blocks(groups)
    for strength in STRENGTHS:
        shrunk: Floats = 1 / (np.maximum(values, 0) + strength)
        solved: Floats = shrunk[:, None] * along
        left = _leave_out(gap, turned @ solved, turned, shrunk, blocks)
        mrr = mean_reciprocal_rank(asked + left, answers, right)
        if mrr > best + 1e-9:
            best, matrix = mrr, np.eye(q.shape[1]) + axes @ solved
            chosen = {"pull": round(float(strength), 4), "left_out_mrr": round(mrr, 4)}
    return matrix.astype(np.float32), chosen


def _leave_out(
    gap: Floats,
    fitted: Floats,
    turned: Floats,
    shrunk: Floats,
    blocks: Sequence[Ints] | None,
) -> Floats:
    """The fitted gap of each row when its row, or its group of rows, is left out."""
    if blocks is None:
        levers: Floats = (turned**2) @ shrunk
        lever: Floats = np.minimum(levers, 1 - 1e-6)[:, None]
        return (fitted - lever * gap) / (1 - lever)
    left = gap.copy()
    for rows in blocks:
        left[rows] -= np.linalg.solve(
            np.eye(rows.shape[1]) * (1 + 1e-6) - block_products(rows, turned, shrunk),
            (gap - fitted)[rows],
        )
    return left
