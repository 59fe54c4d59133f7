"""Retrieval as a task. Knows what follows from answers that are found, not generated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.progress import Say
from mesocosm.learning.tasks.task import (
    ForeignMetrics,
    Leading,
    Loading,
    Record,
    TargetFacts,
)
from mesocosm.learning.tasks.text_task import RETRIEVAL_METRICS, TEXT_METRICS, TextTask

if TYPE_CHECKING:
    from mesocosm.core.settings import Predictor
    from mesocosm.learning.cost.estimate import Job
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult


class Retrieval(TextTask):
    """An answer among the known ones."""

    name = "retrieval"
    recorded = "retrieval"
    metrics = RETRIEVAL_METRICS
    shown = RETRIEVAL_METRICS
    leading = Leading("mrr", "mean reciprocal rank")
    foreign = ForeignMetrics(
        tuple(metric for metric in TEXT_METRICS if metric != "gain_over_linear"),
        "config.text_metric_on_other",
        "config.classification_metric",
    )
    height = ("mrr", "MRR")
    no_sum = "finds texts, and a text"

    def fits(self, model: Model, target: TargetFacts) -> bool:
        """Whether the target is a text and the base no causal one."""
        return super().fits(model, target) and not target.generates

    def train(self, name: str, data: TrainingData, context: TrainContext, say: Say) -> TrainResult:
        """Map questions to answers."""
        from mesocosm.learning.base_models import resolve
        from mesocosm.learning.tasks.retrieval.train import train_retriever

        model = data.model
        base = resolve(str(model.base), context.root)
        return train_retriever(name, model, base, data.rows, data.split, context, say)

    def count_work(self, data: TrainingData, context: TrainContext) -> Job:
        """Questions and answers embedded, a projection, all answers scored."""
        from mesocosm.learning.base_models import resolve
        from mesocosm.learning.tasks.generation.prompt import split_pairs
        from mesocosm.learning.tasks.retrieval.cost import retrieval_job

        model = data.model
        base = resolve(str(model.base), context.root)
        pairs = split_pairs(model.features, model.target, data.rows, data.split)
        return retrieval_job(model, base, pairs.texts, pairs.answers, context.store)

    def load(self, folder: Path, content: str, loading: Loading) -> Predictor:
        """Load the answers, and the trunk that versions share."""
        from mesocosm.learning.tasks.retrieval.version import RetrievalVersion

        return RetrievalVersion(folder, content, loading.open_session, loading.shared)

    def erase_rows(self, folder: Path, rows: set[int]) -> bool:
        """Remove answers that only erased rows gave."""
        from mesocosm.learning.tasks.retrieval.version import remove_answers

        remove_answers(folder, rows)
        return True

    def describe(self, recipe: Record) -> str:
        """What is retrieved."""
        return f"Retrieves {recipe['predict']!r}"
