"""Metrics of a retriever: the rank of each row's answer among all, compared with baselines. Knows
ranks and texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.features.word_pieces import extract_terms
from mesocosm.learning.tasks.retrieval.query_projection import rank_answers
from mesocosm.learning.tasks.significance import wilcoxon_p

Array = np.ndarray[Any, Any]
CUTOFFS = (1, 5, 10)  # of the recall


def _row_values(places: Array) -> dict[str, Array]:
    """Each metric of each row."""
    recalls = {f"recall_at_{k}": (places <= k).astype(float) for k in CUTOFFS}
    return {"mrr": 1 / places} | recalls


def evaluate(places: Array, seed: int) -> dict[str, Any]:
    """Metrics of the ranks of right answers, with their intervals.

    Args:
        places: the rank of each row's answer, from 1 (rows,).

    Source: Voorhees 1999, TREC-8 (mean reciprocal rank).
    """
    values = _row_values(places)
    metrics: dict[str, Any] = {k: round(float(v.mean()), 4) for k, v in values.items()}
    metrics["interval"] = {
        k: evaluation_metrics.bootstrap_interval(
            partial(evaluation_metrics.mean_at, v), len(places), seed
        )
        for k, v in values.items()
    }
    return metrics | {"rows": len(places), "classes": {}}


def compare(places: Array, other: Array) -> dict[str, Any]:
    """Metrics of another retriever on the same rows, our gain in mean reciprocal rank and
    Wilcoxon's p of it.
    """
    ours, theirs = 1 / places, 1 / other
    metrics: dict[str, Any] = {k: round(float(v.mean()), 4) for k, v in _row_values(other).items()}
    return metrics | {
        "gain": round(float(ours.mean() - theirs.mean()), 4),
        "p": wilcoxon_p(ours, theirs),
    }


def rank_by_words(
    train: Sequence[str], test: Sequence[str], known: Sequence[str], right: Array
) -> Array:
    """The rank of each right answer by words in common, weighted by TF-IDF.

    Args:
        train: the training questions; `test`: those that are ranked.
        known: all answers; `right`: the number of each test row's own.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, tokenizer=extract_terms, token_pattern=None)
    try:
        vectorizer.fit([*train, *known])
    except ValueError:  # no word in any text
        return np.full(len(test), (len(known) + 1) / 2)
    near = vectorizer.transform(test) @ vectorizer.transform(known).T
    return rank_answers(near.toarray(), np.eye(len(known)), right)
