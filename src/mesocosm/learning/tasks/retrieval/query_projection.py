"""A straight way from questions to answers: one matrix over the base's features, solved in closed
form. Knows numpy.

It is pulled toward leaving features as they are, so with few rows it does little; how far, the
left-out rows say.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mesocosm.learning.heads.folds import Groups, blocks, within

Array = np.ndarray[Any, Any]
PULL = tuple(np.geomspace(0.1, 1000, 13))


def unit(x: Array) -> Array:
    """Rows brought to length one."""
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9))


def ranks(asked: Array, answers: Array, right: Array) -> Array:
    """The place, from 1, of each row's right answer among all, by cosine; equal ones share the
    better half of their places.

    Args:
        asked: unit vectors (rows, width); `answers`: (count, width); `right`: the number of each
            row's answer.

    >>> ranks(np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 0])).tolist()
    [2.0, 1.0]
    """
    near = asked @ answers.T
    own = near[np.arange(len(right)), right][:, None]
    return np.asarray(
        1 + (near > own + 1e-7).sum(1) + (np.abs(near - own) <= 1e-7).sum(1) // 2, dtype=float
    )


def bridge(
    asked: Array, answered: Array, answers: Array, right: Array, groups: Groups = None
) -> tuple[Array, dict[str, Any]]:
    """The matrix (width, width) of the best left-out mean reciprocal rank, and what was chosen.

    Minimises |Q W - A|^2 + pull |W - I|^2; a row, or a group of rows, is left out by its leverage,
    exactly.

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
    best, found = float((1 / ranks(unit(asked), answers, right)).mean()), np.eye(q.shape[1])
    chosen: dict[str, Any] = {"pull": None, "left_out_mrr": round(best, 4)}
    own = [] if groups is None else blocks(groups)
    for pull in PULL:
        shrunk = 1 / (np.maximum(values, 0) + pull)
        fitted = turned @ (shrunk[:, None] * along)
        if groups is None:
            lever = np.minimum((turned**2) @ shrunk, 1 - 1e-6)[:, None]
            left = (fitted - lever * gap) / (1 - lever)
        else:
            left = gap.copy()
            for rows in own:
                left[rows] -= np.linalg.solve(
                    np.eye(rows.shape[1]) * (1 + 1e-6) - within(rows, turned, shrunk),
                    (gap - fitted)[rows],
                )
        mrr = float((1 / ranks(unit(asked + left), answers, right)).mean())
        if mrr > best + 1e-9:
            best, found = mrr, np.eye(q.shape[1]) + axes @ (shrunk[:, None] * along)
            chosen = {"pull": round(float(pull), 4), "left_out_mrr": round(mrr, 4)}
    return found.astype(np.float32), chosen
