"""Sequence labelling as a task. Knows what follows from a tag for each word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.faults import Fault
from mesocosm.core.progress import Say
from mesocosm.learning.tasks.task import (
    CheckedModel,
    ForeignMetrics,
    Leading,
    Loading,
    Record,
    Task,
)

if TYPE_CHECKING:
    from mesocosm.core.settings import Predictor
    from mesocosm.learning.cost.estimate import Job
    from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult

SHOWN = ("span_f1", "span_precision", "span_recall", "token_accuracy")
METRICS = (*SHOWN, "gain_over_dictionary")


class Tagging(Task):
    """A tag for each word of a text."""

    name = "tagging"
    recorded = "tags"
    target_types = ("tags",)
    metrics = METRICS
    shown = SHOWN
    leading = Leading("span_f1", "span F1")
    foreign = ForeignMetrics(METRICS, "config.tagging_metric_on_other", "config.other_metric")
    height = ("span_f1", "span F1")
    no_sum = "tags words, and each word's tag"

    def check(self, checked: CheckedModel) -> Iterator[Fault]:
        """One text, a base for its words, and nothing that is for classes."""
        from mesocosm.learning.tasks.tagging.checks import check_tagging

        yield from check_tagging(checked.model, checked.types, checked.at)

    def train(self, name: str, data: TrainingData, context: TrainContext, say: Say) -> TrainResult:
        """Fit a head over the states of words, or fine-tune the base below it."""
        from mesocosm.learning.base_models import resolve
        from mesocosm.learning.tasks.tagging.train import train_tagger

        model = data.model
        base = resolve(str(model.base), context.root)
        return train_tagger(name, model, base, data.rows, data.split, context, say)

    def count_work(self, data: TrainingData, context: TrainContext) -> Job:
        """Texts embedded, a head fitted over the states of their words."""
        from mesocosm.learning.base_models import resolve
        from mesocosm.learning.tasks.tagging.cost import tagging_job
        from mesocosm.learning.tasks.tagging.tagged_texts import split_tagged

        model = data.model
        base = resolve(str(model.base or ""), context.root)
        tagged = split_tagged(model.features[0], model.target, data.rows, data.split)
        states, kinds = tagged.count_states(), len(context.order)
        return tagging_job(model, base, tagged.texts, states, kinds, context.store)

    def load(self, folder: Path, content: str, loading: Loading) -> Predictor:
        """Load trunk and head."""
        from mesocosm.learning.tasks.tagging.version import TaggingVersion

        return TaggingVersion(folder, content, loading.open_session)

    def score(self, version: Predictor, prediction: Record, truth: object) -> float:
        """The share of words with the same tag, 0 where there are not as many; where the truth is
        spans, the F1 of whole spans.
        """
        if str(truth).startswith("["):
            from mesocosm.learning.tasks.tagging.parts import score_spans

            return score_spans(prediction.get("spans"), str(truth))
        predicted, expected = str(prediction["text"]).split(), str(truth).split()
        if not predicted or len(predicted) != len(expected):
            return 0.0
        same = sum(a == b for a, b in zip(predicted, expected, strict=True))
        return float(same / len(predicted))

    def describe(self, recipe: Record) -> str:
        """What words are labelled with."""
        return f"Labels words with {recipe['predict']!r}"
