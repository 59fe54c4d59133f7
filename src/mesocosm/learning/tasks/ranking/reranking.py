"""From scores to what is shown: the best items, diversified where the settings ask for it, and a
few that are explored. Knows arrays.
"""

from __future__ import annotations

import numpy as np

from mesocosm.learning.arrays import Floats, Ints, Mask
from mesocosm.learning.tasks.ranking.scorer import Scorer, to_dense

CANDIDATES = 50  # best items among which unlike ones are looked for
# of an item that is not to be shown, though it stands before those that are shown already
HIDDEN_SCORE = -1e6
COLD_SHARE = 0.25  # share of the items that count as seldom touched


def select_top(scores: Floats, most: int, scorer: Scorer, diverse: float = 0.0) -> Ints:
    """The best items in order (people, at most `most`); an item of score -inf stands behind all
    others.

    Args:
        scores: (people, items).
        diverse: the penalty of similarity to an item before it, against a score between 0 and 1.

    Source: Carbonell and Goldstein 1998, SIGIR (maximal marginal relevance).
    """
    most = min(most, scores.shape[1])
    among = _sort_best(scores, min(max(CANDIDATES, most), scores.shape[1]))
    if not diverse or most < 2:
        return among[:, :most]
    similarity = _item_similarity(among, scorer)
    worth = _scale_scores(np.take_along_axis(scores, among, 1))
    people = np.arange(len(scores))
    picked: Ints = np.zeros((len(scores), most), np.int64)
    closest: Floats = np.zeros_like(worth)
    for k in range(most):
        marginal = worth
        if k:
            marginal = (1 - diverse) * worth - diverse * closest
        picked[:, k] = np.argmax(marginal, axis=1)
        closest = np.maximum(closest, similarity[people, picked[:, k]])
        worth[people, picked[:, k]] = -np.inf
    return np.take_along_axis(among, picked, 1)


def _sort_best(scores: Floats, count: int) -> Ints:
    """The `count` best items in order (people, count)."""
    if scores.shape[1] <= 4 * count:
        return np.argsort(-scores, axis=1, kind="stable")[:, :count]
    some = np.sort(np.argpartition(-scores, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(-np.take_along_axis(scores, some, 1), axis=1, kind="stable")
    return np.take_along_axis(some, order, 1)


def _scale_scores(scores: Floats) -> Floats:
    """Finite scores of each person between 0 and 1, others far below."""
    finite: Mask = np.isfinite(scores)
    low: Floats = np.where(finite, scores, np.inf).min(1, keepdims=True)
    high: Floats = np.where(finite, scores, -np.inf).max(1, keepdims=True)
    return np.where(finite, (scores - low) / np.maximum(high - low, 1e-9), HIDDEN_SCORE)


def explore_items(
    scores: Floats, seen: Ints, counts: Floats, slots: int, draw: np.random.Generator
) -> list[tuple[int, float]]:
    """Items drawn from those that few have touched, likelier the higher they score, each with its
    propensity.

    Args:
        scores: of one person (items).
        seen: items that are shown anyway, or were touched.

    Source: Luce 1959, Individual Choice Behavior; the propensities are what inverse propensity
    scoring needs (Horvitz and Thompson 1952).
    """
    few: Mask = counts <= np.quantile(counts, COLD_SHARE)
    few[seen] = False
    left: Ints = np.flatnonzero(few & np.isfinite(scores))
    found: list[tuple[int, float]] = []
    for _ in range(min(slots, len(left))):
        odds: Floats = np.exp(scores[left] - scores[left].max())
        chance: Floats = odds / odds.sum()
        k = int(draw.choice(len(left), p=chance))
        found.append((int(left[k]), float(chance[k])))
        left = np.delete(left, k)
    return found


def _item_similarity(among: Ints, scorer: Scorer) -> Floats:
    """The cosine between items (people, items, items): of their texts, else of their towers'
    vectors, else of who touched them.
    """
    vectors = scorer.vectors
    if not vectors.shape[1] and scorer.towers is not None:
        lengths: Floats = np.linalg.norm(scorer.towers.items, axis=1, keepdims=True)
        vectors = scorer.towers.items / np.maximum(lengths, 1e-9)
    if vectors.shape[1]:
        return np.asarray(np.einsum("piw,pjw->pij", vectors[among], vectors[among]))
    return to_dense(scorer.square["alike"][among[:, :, None], among[:, None, :]])
