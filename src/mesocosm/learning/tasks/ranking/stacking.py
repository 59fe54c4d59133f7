"""The strength of the closed form and the weights of a ranker's parts, fitted on validation items.
Knows the parts and a scorer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.tasks.ranking.features import (
    FADES,
    STRENGTHS,
    fit_ease,
    interaction_matrix,
    ndcg_gains,
    rank_targets,
    recency_matrix,
)
from mesocosm.learning.tasks.ranking.metrics import batch_size
from mesocosm.learning.tasks.ranking.scorer import Scorer

NEGATIVES = 100  # other items that each validation item is compared with


def choose_strength(
    histories: Sequence[Sequence[int]],
    known: Sequence[Sequence[int]],
    right: Ints,
    items: int,
) -> float:
    """The strength of the closed form that ranks validation items highest."""
    x = interaction_matrix(histories, items)
    recent = recency_matrix(known, items, FADES["together"])

    def gain(strength: float) -> float:
        scores: Floats = np.asarray(recent @ fit_ease(x, strength))
        return float(ndcg_gains(rank_targets(scores, known, right)).mean())

    return max(STRENGTHS, key=gain)


def fit_weights(
    scorer: Scorer, known: Sequence[Sequence[int]], right: Ints, draw: np.random.Generator
) -> Floats:
    """The weight of each part, by a logistic regression of validation items against others that
    were not touched.
    """
    from sklearn.linear_model import LogisticRegression

    collect = _nearby_examples
    if scorer.near is None:
        collect = _exact_examples
    rows, y = collect(scorer, known, right, draw)
    x: Floats = np.asarray(rows)
    coefficients: Floats = LogisticRegression(C=1.0, max_iter=500).fit(x, y).coef_
    return np.where(x.any(0), coefficients[0], 0.0)


def _nearby_examples(
    scorer: Scorer, known: Sequence[Sequence[int]], right: Ints, draw: np.random.Generator
) -> tuple[list[Floats], list[int]]:
    """Part scores of validation items and of others, 1 and 0, among the items that the approximate
    search finds.
    """
    rows: list[Floats] = []
    y: list[int] = []
    for history, true in zip(known, right, strict=True):
        which, scores = scorer.among(history)
        at = np.searchsorted(which, true)
        if at >= len(which) or which[at] != true:
            continue
        others = np.flatnonzero(~np.isin(which, [*history, true]))
        others = draw.choice(others, min(NEGATIVES, len(others)), replace=False)
        rows += [scores[:, at], *scores[:, others].T]
        y += [1] + [0] * len(others)
    if not any(y):
        raise ConfigValueError(
            "features",
            Message("learning.next_item_not_found"),
            Message("learning.more_actions"),
        )
    return rows, y


def _exact_examples(
    scorer: Scorer, known: Sequence[Sequence[int]], right: Ints, draw: np.random.Generator
) -> tuple[list[Floats], list[int]]:
    """Part scores of validation items and of others drawn from all items, 1 and 0."""
    rows: list[Floats] = []
    y: list[int] = []
    step = batch_size(scorer)
    for start in range(0, len(known), step):
        batch = known[start : start + step]
        scores = scorer.parts(batch)
        for k, history in enumerate(batch):
            true = int(right[start + k])
            seen = {*history, true}
            drawn: list[int] = draw.integers(0, scores.shape[2], NEGATIVES).tolist()
            others = [item for item in drawn if item not in seen]
            rows += [scores[:, k, item] for item in (true, *others)]
            y += [1] + [0] * len(others)
    return rows, y
