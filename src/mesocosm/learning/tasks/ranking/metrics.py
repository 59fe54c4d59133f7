"""Metrics of a ranker: the rank of everybody's last item among all items, compared with baselines.
Knows a scorer and arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.tasks.ranking.features import (
    History,
    interaction_matrix,
    ndcg_gains,
    rank_targets,
)
from mesocosm.learning.tasks.ranking.reranking import select_top
from mesocosm.learning.tasks.ranking.scorer import Scorer

Array = np.ndarray[Any, Any]
RECALL_PEOPLE = 200  # people on whom the approximate search is compared with an exhaustive one
MAX_SCORES = 4_000_000  # scores held at a time
MODEL, PLAIN = "model", "plain"  # the lists as they are shown, and ordered by score alone
BASELINES = ("popular", "item_knn", "ease")


@dataclass
class _Ranks:
    """What is collected over batches of people.

    Args:
        ranks: by scorer, the rank of each right item.
        shown: items among anybody's first ten.
        distances: the mean distance between the first ten items of each person.
    """

    ranks: dict[str, list[Array]] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)
    distances: list[float] = field(default_factory=list)

    def add(self, name: str, ranks: Array) -> None:
        """Append a batch."""
        self.ranks.setdefault(name, []).append(ranks)


def evaluate(
    scorer: Scorer, known: Sequence[History], right: Array, seed: int, diverse: float = 0.0
) -> dict[str, Any]:
    """Metrics of everybody's last item among all items, compared with popularity, item neighbours,
    and the closed form alone.

    Args:
        known: the items that each person touched before.
        right: the last item of each.
        diverse: as in `select_top`; metrics are of the lists as they are shown.
    """
    collected = _Ranks()
    step = batch_size(scorer)
    for start in range(0, len(known), step):
        stop = start + step
        _rank_batch(scorer, known[start:stop], right[start:stop], diverse, collected)
    ranks = {name: np.concatenate(batches) for name, batches in collected.ranks.items()}
    ours = ranks[MODEL]
    values = {
        "hit_rate_at_10": (ours <= 10).astype(float),
        "ndcg_at_10": ndcg_gains(ours),
        "mrr": 1 / ours,
    }
    metrics: dict[str, Any] = {k: round(float(v.mean()), 4) for k, v in values.items()}
    metrics["interval"] = {
        k: evaluation_metrics.bootstrap_interval(
            partial(evaluation_metrics.mean_at, v), len(right), seed
        )
        for k, v in values.items()
    }
    metrics["baselines"] = {n: compare(ours, ranks[n]) for n in BASELINES if n in ranks}
    metrics |= {f"gain_over_{n}": b["gain"] for n, b in metrics["baselines"].items()}
    items = len(scorer.counts)
    metrics |= {
        "coverage": round(len(collected.shown) / items, 4),
        "rows": len(right),
        "classes": {},
        "items": items,
        "leaks": {"shared": 0, "telling": {}},
        "beside": {},
    }
    if diverse:
        metrics["beside"] = {"ordered by score alone": compare(ours, ranks[PLAIN])}
    if scorer.near is not None:
        metrics["search_recall"] = round(_search_recall(scorer, known[:RECALL_PEOPLE]), 4)
    if collected.distances:
        metrics["diversity"] = round(float(np.mean(collected.distances)), 4)
    return metrics


def _rank_batch(
    scorer: Scorer, known: Sequence[History], right: Array, diverse: float, collected: _Ranks
) -> None:
    """Rank the right items of some people by the model and by each baseline."""
    plain = interaction_matrix(known, len(scorer.counts))
    scores = scorer.scores(known)
    ranks = rank_targets(scores, known, right)
    popular = np.tile(scorer.counts.astype(float), (len(known), 1))
    collected.add("popular", rank_targets(popular, known, right))
    collected.add("item_knn", rank_targets(_dense(plain @ scorer.square["alike"]), known, right))
    if scorer.square.get("together") is not None:
        ease = _dense(plain @ scorer.square["together"])
        collected.add("ease", rank_targets(ease, known, right))
    for row, history in enumerate(known):
        scores[row, list(history)] = -np.inf
    tops = select_top(scores, 10, scorer, diverse)
    if diverse:
        collected.add(PLAIN, ranks)
        ranks = _rerank(tops, right, ranks)
    collected.add(MODEL, ranks)
    collected.shown |= set(tops.reshape(-1).tolist())
    if scorer.vectors.shape[1]:
        collected.distances += [_mean_distance(vectors) for vectors in scorer.vectors[tops]]


def _rerank(tops: Array, right: Array, ranks: Array) -> Array:
    """Ranks in the lists as they are shown; an item that is not shown stands behind them."""
    hit = tops == right[:, None]
    behind = np.maximum(ranks, tops.shape[1] + 1.0)
    return np.asarray(np.where(hit.any(1), hit.argmax(1) + 1.0, behind))


def _mean_distance(vectors: Array) -> float:
    """One less the mean cosine between any two unit vectors."""
    return float(1 - (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)].mean())


def _dense(scores: Any) -> Array:
    return np.asarray(scores if isinstance(scores, np.ndarray) else scores.toarray())


def batch_size(scorer: Scorer) -> int:
    """People whose scores are held at a time."""
    return max(4, min(256, MAX_SCORES // len(scorer.counts)))


def _search_recall(scorer: Scorer, known: Sequence[History]) -> float:
    """The share of the ten best of all items that the approximate search finds."""
    hits: list[float] = []
    for history in known:
        exhaustive = np.tensordot(scorer.weights, scorer.parts([history]), 1)
        approximate = scorer.scores([history])
        exhaustive[0, list(history)] = approximate[0, list(history)] = -np.inf
        wanted = set(select_top(exhaustive, 10, scorer)[0].tolist())
        hits.append(len(wanted & set(select_top(approximate, 10, scorer)[0].tolist())) / 10)
    return float(np.mean(hits))


def compare(ours: Array, other: Array) -> dict[str, Any]:
    """Metrics of another ranking of the same people, our gain in NDCG and Wilcoxon's p of it.

    Args:
        ours: the rank of each right item, from 1; `other`: likewise.
    """
    from scipy.stats import wilcoxon

    a, b = ndcg_gains(ours), ndcg_gains(other)
    metrics = {
        "hit_rate_at_10": round(float((other <= 10).mean()), 4),
        "ndcg_at_10": round(float(b.mean()), 4),
        "mrr": round(float((1 / other).mean()), 4),
        "gain": round(float(a.mean() - b.mean()), 4),
        "p": 1.0,
    }
    if np.any(a != b):
        metrics["p"] = round(float(wilcoxon(a, b).pvalue), 6)
    return metrics
