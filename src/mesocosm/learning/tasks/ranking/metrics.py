"""Metrics of a ranker: the rank of everybody's last item among all items, compared with baselines.
Knows a scorer and arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from mesocosm.learning.arrays import Floats, Ints, Mask
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.tasks.outcome import Metrics, gains_of
from mesocosm.learning.tasks.ranking.features import (
    History,
    interaction_matrix,
    ndcg_gains,
    rank_targets,
)
from mesocosm.learning.tasks.ranking.reranking import select_top
from mesocosm.learning.tasks.ranking.scorer import Scorer, to_dense
from mesocosm.learning.tasks.significance import wilcoxon_p

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

    ranks: dict[str, list[Floats]] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)
    distances: list[float] = field(default_factory=list)

    def add(self, name: str, ranks: Floats) -> None:
        """Append a batch."""
        self.ranks.setdefault(name, []).append(ranks)

    def join(self) -> dict[str, Floats]:
        """The rank of each right item, by scorer."""
        return {name: np.concatenate(batches) for name, batches in self.ranks.items()}


def evaluate(
    scorer: Scorer, known: Sequence[History], right: Ints, seed: int, diverse: float = 0.0
) -> Metrics:
    """Metrics of everybody's last item among all items, compared with popularity, item neighbours,
    and the closed form alone.

    Args:
        known: the items that each person touched before.
        right: the last item of each.
        diverse: as in `select_top`; metrics are of the lists as they are shown.
    """
    collected = _rank_all(scorer, known, right, diverse)
    ranks = collected.join()
    ours = ranks[MODEL]
    metrics = _measure_ranks(ours, seed)
    baselines = {name: compare(ours, ranks[name]) for name in BASELINES if name in ranks}
    metrics["baselines"] = baselines
    metrics |= gains_of(baselines)
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


def _rank_all(scorer: Scorer, known: Sequence[History], right: Ints, diverse: float) -> _Ranks:
    """Rank the right items of all people, a batch at a time."""
    collected = _Ranks()
    step = batch_size(scorer)
    for start in range(0, len(known), step):
        stop = start + step
        _rank_batch(scorer, known[start:stop], right[start:stop], diverse, collected)
    return collected


def _measure_ranks(ranks: Floats, seed: int) -> Metrics:
    """The main metrics of ranks, with their intervals."""
    values: dict[str, Floats] = {
        "hit_rate_at_10": (ranks <= 10).astype(float),
        "ndcg_at_10": ndcg_gains(ranks),
        "mrr": 1 / ranks,
    }
    metrics: Metrics = {name: round(float(v.mean()), 4) for name, v in values.items()}
    metrics["interval"] = {
        name: evaluation_metrics.bootstrap_interval(
            partial(evaluation_metrics.mean_at, v), len(ranks), seed
        )
        for name, v in values.items()
    }
    return metrics


def _rank_batch(
    scorer: Scorer, known: Sequence[History], right: Ints, diverse: float, collected: _Ranks
) -> None:
    """Rank the right items of some people by the model and by each baseline."""
    plain = interaction_matrix(known, len(scorer.counts))
    scores = scorer.scores(known)
    ranks = rank_targets(scores, known, right)
    popular: Floats = np.tile(scorer.counts.astype(float), (len(known), 1))
    collected.add("popular", rank_targets(popular, known, right))
    for name, square in (("item_knn", "alike"), ("ease", "together")):
        matrix = scorer.square.get(square)
        if matrix is not None:
            collected.add(name, rank_targets(to_dense(plain @ matrix), known, right))
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


def _rerank(tops: Ints, right: Ints, ranks: Floats) -> Floats:
    """Ranks in the lists as they are shown; an item that is not shown stands behind them."""
    hit: Mask = tops == right[:, None]
    behind: Floats = np.maximum(ranks, tops.shape[1] + 1.0)
    return np.asarray(np.where(hit.any(1), hit.argmax(1) + 1.0, behind))


def _mean_distance(vectors: Floats) -> float:
    """One less the mean cosine between any two unit vectors."""
    cosines: Floats = vectors @ vectors.T
    return float(1 - cosines[np.triu_indices(len(vectors), 1)].mean())


def batch_size(scorer: Scorer) -> int:
    """People whose scores are held at a time."""
    return max(4, min(256, MAX_SCORES // len(scorer.counts)))


def _search_recall(scorer: Scorer, known: Sequence[History]) -> float:
    """The share of the ten best of all items that the approximate search finds."""
    hits: list[float] = []
    for history in known:
        exhaustive: Floats = np.tensordot(scorer.weights, scorer.parts([history]), 1)
        best = _best_unseen(exhaustive, history, scorer)
        found = _best_unseen(scorer.scores([history]), history, scorer)
        hits.append(len(best & found) / 10)
    return float(np.mean(hits))


def _best_unseen(scores: Floats, history: History, scorer: Scorer) -> set[int]:
    """The ten best items of one person (1, items) that they did not touch."""
    scores[0, list(history)] = -np.inf
    tops: list[int] = select_top(scores, 10, scorer).reshape(-1).tolist()
    return set(tops)


def compare(ours: Floats, other: Floats) -> dict[str, float]:
    """Metrics of another ranking of the same people, our gain in NDCG and Wilcoxon's p of it.

    Args:
        ours: the rank of each right item, from 1; `other`: likewise.
    """
    a, b = ndcg_gains(ours), ndcg_gains(other)
    return {
        "hit_rate_at_10": round(float((other <= 10).mean()), 4),
        "ndcg_at_10": round(float(b.mean()), 4),
        "mrr": round(float((1 / other).mean()), 4),
        "gain": round(float(a.mean() - b.mean()), 4),
        "p": wilcoxon_p(a, b),
    }
