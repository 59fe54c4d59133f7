"""Ranking as a task. Knows what follows from items that are ranked for somebody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.faults import Fault
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.learning.tasks.task import (
    CheckedModel,
    ForeignMetrics,
    Leading,
    Loading,
    Record,
    TargetFacts,
    Task,
)

if TYPE_CHECKING:
    from mesocosm.core.settings import Predictor
    from mesocosm.learning.cost.estimate import Job
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult

SHOWN = ("hit_rate_at_10", "ndcg_at_10", "coverage", "diversity", "mrr")
GAINS = ("gain_over_popular", "gain_over_item_knn", "gain_over_ease")
OWN_METRICS = ("hit_rate_at_10", "ndcg_at_10", "coverage", "diversity", *GAINS)


class Ranking(Task):
    """Items for somebody, by what they did before."""

    name = "ranking"
    recorded = "ranking"
    metrics = OWN_METRICS
    shown = SHOWN
    leading = Leading("ndcg_at_10", "NDCG at 10")
    foreign = ForeignMetrics(OWN_METRICS, "config.ranking_metric", "config.set_rank")
    height = ("mrr", "MRR")
    checks_alone = True
    rows_are_requests = False
    no_sum = "ranks items, and each item"
    no_retraining = "lifecycle.ranking_not_retrained"

    def fits(self, model: Model, target: TargetFacts) -> bool:
        """Whether the model has settings of ranking."""
        return model.rank is not None

    def check(self, checked: CheckedModel) -> Iterator[Fault]:
        """Who, which item, when, and what is said of items."""
        from mesocosm.learning.tasks.ranking.checks import check_ranking

        yield from check_ranking(checked)

    def train(self, name: str, data: TrainingData, context: TrainContext, say: Say) -> TrainResult:
        """Fit scores of items on what everybody did."""
        from mesocosm.learning.tasks.ranking.train import train_ranker

        return train_ranker(name, data.model, data.rows, context, say)

    def count_work(self, data: TrainingData, context: TrainContext) -> Job:
        """Items embedded, item similarity solved, two towers trained, last items predicted."""
        import numpy as np

        from mesocosm.learning.base_models import resolve
        from mesocosm.learning.tasks.ranking.cost import ranking_job
        from mesocosm.learning.tasks.ranking.train import build_histories, select_evaluated

        model = data.model
        items, histories = build_histories(model, data.rows, context.items)
        base = None
        if any(context.items.values()):
            base = resolve(str(model.base or ""), context.root)
        evaluated = select_evaluated(histories, len(items), np.random.default_rng(model.seed))
        texts = [context.items.get(i, "") for i in items]
        return ranking_job(model, base, histories, len(evaluated), texts, context.store)

    def load(self, folder: Path, content: str, loading: Loading) -> Predictor:
        """Load items and scores."""
        from mesocosm.learning.tasks.ranking.version import RankingVersion

        return RankingVersion(folder, content)

    def request_spec(self) -> dict[str, Json]:
        """One field: the items that somebody liked."""
        from mesocosm.learning.tasks.ranking.version import preprocessing_spec

        return preprocessing_spec()

    def score(self, version: Predictor, prediction: Record, truth: object) -> float:
        """Whether the first item is the one."""
        return float(prediction["label"] == str(truth))

    def describe(self, recipe: Record) -> str:
        """What is ranked."""
        return f"Ranks {recipe['predict']!r}"
