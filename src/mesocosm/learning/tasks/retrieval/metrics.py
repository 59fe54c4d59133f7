"""Metrics of a retriever: the rank of each row's answer among all, compared with baselines. Knows
ranks and texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.features.word_pieces import extract_terms
from mesocosm.learning.tasks.outcome import Metrics
from mesocosm.learning.tasks.retrieval.query_projection import rank_answers
from mesocosm.learning.tasks.significance import wilcoxon_p

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CUTOFFS = (1, 5, 10)  # of the recall


def _row_values(places: Floats) -> dict[str, Floats]:
    """Each metric of each row."""
    values: dict[str, Floats] = {"mrr": 1 / places}
    for cutoff in CUTOFFS:
        values[f"recall_at_{cutoff}"] = (places <= cutoff).astype(float)
    return values


def evaluate(places: Floats, seed: int) -> Metrics:
    """Metrics of the ranks of right answers, with their intervals.

    Args:
        places: the rank of each row's answer, from 1 (rows,).

    Source: Voorhees 1999, TREC-8 (mean reciprocal rank).
    """
    values = _row_values(places)
    metrics: Metrics = {k: round(float(v.mean()), 4) for k, v in values.items()}
    metrics["interval"] = {
        k: evaluation_metrics.bootstrap_interval(
            partial(evaluation_metrics.mean_at, v), len(places), seed
        )
        for k, v in values.items()
    }
    return metrics | {"rows": len(places), "classes": {}}


def compare(places: Floats, other: Floats) -> dict[str, float]:
    """Metrics of another retriever on the same rows, our gain in mean reciprocal rank and
    Wilcoxon's p of it.
    """
    ours: Floats = 1 / places
    theirs: Floats = 1 / other
    metrics = {k: round(float(v.mean()), 4) for k, v in _row_values(other).items()}
    return metrics | {
        "gain": round(float(ours.mean() - theirs.mean()), 4),
        "p": wilcoxon_p(ours, theirs),
    }


def rank_by_words(
    train: Sequence[str], test: Sequence[str], known: Sequence[str], right: Ints
) -> Floats:
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
    asked: csr_matrix = vectorizer.transform(test)
    answers: csr_matrix = vectorizer.transform(known)
    near: Floats = (asked @ answers.T).toarray()
    return rank_answers(near, np.eye(len(known)), right)
