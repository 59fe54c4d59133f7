"""From scores to what is shown: the best, unlike each other where that is asked, and a few that
nobody knows enough about yet. Knows arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mesocosm.learning.tasks.ranking.scorer import Scorer

Array = np.ndarray[Any, Any]
AMONG = 50  # best items among which unlike ones are looked for
LAST = (
    -1e6
)  # of an item that is not to be shown, though it stands before those that are shown already
SELDOM = 0.25  # share of the items that count as seldom touched


def best(scores: Array, most: int, scorer: Scorer, diverse: float = 0.0) -> Array:
    """The best items in order (people, at most `most`); an item of score -inf stands behind all
    others.

    Args:
        scores: (people, items).
        diverse: what likeness to an item before it costs, beside a score between 0 and 1.

    Source: Carbonell and Goldstein 1998, SIGIR (maximal marginal relevance).
    """
    most = min(most, scores.shape[1])
    wanted = min(max(AMONG, most), scores.shape[1])
    if scores.shape[1] > 4 * wanted:
        some = np.sort(np.argpartition(-scores, wanted - 1, axis=1)[:, :wanted], axis=1)
        among = np.take_along_axis(
            some, np.argsort(-np.take_along_axis(scores, some, 1), axis=1, kind="stable"), 1
        )
    else:
        among = np.argsort(-scores, axis=1, kind="stable")[:, :wanted]
    if not diverse or most < 2:
        return among[:, :most]
    near = _alike(among, scorer)
    held = np.take_along_axis(scores, among, 1)
    there = np.isfinite(held)
    low, high = (
        np.where(there, held, np.inf).min(1, keepdims=True),
        np.where(there, held, -np.inf).max(1, keepdims=True),
    )
    worth = np.where(there, (held - low) / np.maximum(high - low, 1e-9), LAST)
    people = np.arange(len(scores))
    picked = np.zeros((len(scores), most), np.int64)
    likest = np.zeros_like(worth)
    for k in range(most):
        picked[:, k] = np.argmax((1 - diverse) * worth - diverse * likest if k else worth, axis=1)
        likest = np.maximum(likest, near[people, picked[:, k]])
        worth[people, picked[:, k]] = -np.inf
    return np.take_along_axis(among, picked, 1)


def explored(
    scores: Array, seen: Array, counts: Array, slots: int, draw: np.random.Generator
) -> list[tuple[int, float]]:
    """Items drawn from those that few have touched, likelier the higher they score, each with the
    chance it had.

    Args:
        scores: of one person (items).
        seen: items that are shown anyway, or were touched.

    Source: Luce 1959, Individual Choice Behavior; the chances are what inverse propensity scoring
    needs (Horvitz and Thompson 1952).
    """
    few = counts <= np.quantile(counts, SELDOM)
    few[seen] = False
    left = np.flatnonzero(few & np.isfinite(scores))
    found: list[tuple[int, float]] = []
    for _ in range(min(slots, len(left))):
        odds = np.exp(scores[left] - scores[left].max())
        chance = odds / odds.sum()
        k = int(draw.choice(len(left), p=chance))
        found.append((int(left[k]), float(chance[k])))
        left = np.delete(left, k)
    return found


def _alike(among: Array, scorer: Scorer) -> Array:
    """The cosine between items (people, items, items): of what is said of them, else of their
    learnt vectors, else of who touched them.
    """
    vectors = scorer.vectors
    if not vectors.shape[1] and scorer.towers is not None:
        vectors = scorer.towers.items / np.maximum(
            np.linalg.norm(scorer.towers.items, axis=1, keepdims=True), 1e-9
        )
    if vectors.shape[1]:
        return np.asarray(np.einsum("piw,pjw->pij", vectors[among], vectors[among]))
    return np.asarray(scorer.square["alike"][among[:, :, None], among[:, None, :]])
