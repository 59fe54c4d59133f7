"""Evaluate a trained predictor on its test rows: metrics, warnings, ablations, comparisons and
diagnostics. Knows the order in which they are measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mesocosm.core.messages import Message
from mesocosm.core.messages.stored import texts_to_json
from mesocosm.core.progress import Say
from mesocosm.core.records import Json, write_value
from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.arrays import Array, Columns, take_rows
from mesocosm.learning.base_models import Base
from mesocosm.learning.base_models.language_coverage import measure_coverage
from mesocosm.learning.evaluation import model_warnings
from mesocosm.learning.evaluation.comparison import ablate_inputs, compare_with_previous
from mesocosm.learning.evaluation.diagnostics import PredictTexts, run_diagnostics
from mesocosm.learning.evaluation.leakage import Leaks
from mesocosm.learning.evaluation.learning_curve import measure_learning_curve
from mesocosm.learning.export.served_graphs import ExportedGraphs
from mesocosm.learning.features import tabular
from mesocosm.learning.features.splits import Splits
from mesocosm.learning.importers.onnx import ImportedHead
from mesocosm.learning.strategies.continual import measure_retention
from mesocosm.learning.strategies.domain_adaptation import compare_with_source
from mesocosm.learning.strategies.federated import compare_with_pooled
from mesocosm.learning.training.context import TrainContext, TrainingData
from mesocosm.learning.training.fit_request import FitRequest, FitResult

if TYPE_CHECKING:
    from mesocosm.learning.pretraining.run import PretrainingFigures

Metrics: TypeAlias = dict[str, Json]
Coverage = tuple[dict[str, float | None], list[Message]]  # shares of tokens, and warnings


@dataclass(frozen=True)
class TrainedPredictor:
    """A predictor with its graphs, before it is evaluated.

    Args:
        leaks: as `find_leaks` gives them.
        pretraining: the figures of pretraining, if there was any.
    """

    data: TrainingData
    context: TrainContext
    request: FitRequest
    fitted: FitResult
    exported: ExportedGraphs
    leaks: Leaks
    pretraining: PretrainingFigures | None

    @property
    def predictions(self) -> Array:
        """What the exported graphs predict for the test rows."""
        return self.exported.predictions


@dataclass(frozen=True)
class Evaluation:
    """Metrics of the test rows, and the task's part of the card (labels, scale)."""

    metrics: Metrics
    scale: Mapping[str, object]


def evaluate_predictor(
    trained: TrainedPredictor, coverage: Coverage | None, timer: PhaseTimer, say: Say
) -> Evaluation:
    """Evaluate on the test rows.

    Args:
        coverage: how much of the texts the base reads, where that was measured before training.
    """
    request, predictions = trained.request, trained.predictions
    parts, model = request.parts, request.model
    evaluation = _measure(trained)
    metrics = evaluation.metrics
    summary = parts.outcome.summarize(metrics)
    say(Message("progress.test_rows", rows=len(predictions), summary=summary))
    warnings = _warnings(trained, metrics)
    for warning in warnings:
        say(Message("progress.warning", warning=warning))
    if request.base and coverage is None:
        coverage = check_coverage(parts, request.base, model.max_length, say)
    if coverage is not None:
        metrics["tokens"] = coverage[0]
        warnings = [*warnings, *coverage[1]]
    metrics |= texts_to_json("warnings", warnings)
    metrics |= _compare_with_other_heads(trained, say)
    timer.end("judging")
    metrics |= _describe_preparation(trained)
    metrics["beside"] = _compare(trained, say)
    metrics |= _measure_retention(trained, say)
    timer.end("parts alone")
    if _has_learning_curve(trained):
        metrics["curve"] = measure_learning_curve(
            trained.fitted.head, predictions, trained.fitted.features, parts, model.seed, say
        )
    timer.end("curve")
    metrics |= run_diagnostics(
        model,
        trained.data.rows,
        trained.data.kinds,
        parts,
        predictions,
        _predict_as_read(trained),
        say,
    )
    return evaluation


def _predict_as_read(trained: TrainedPredictor) -> PredictTexts | None:
    """What predicts changed texts of test rows: they are read as the inputs read theirs first."""
    predict, read = trained.exported.predict_texts, trained.context.read_texts
    if predict is None or read is None:
        return predict
    return lambda texts, rows: predict(read(texts), rows)


def _describe_preparation(trained: TrainedPredictor) -> Metrics:
    """What came before the evaluation: pretraining, the graphs' agreement, leaks."""
    metrics: Metrics = {}
    if trained.pretraining is not None:
        metrics["pretraining"] = write_value(trained.pretraining)
    return metrics | trained.exported.agreement | {"leaks": trained.leaks.to_json()}


def check_coverage(parts: Splits, base: Base | None, max_length: int, say: Say) -> Coverage | None:
    """How much of the texts a base truncates or does not know; warns before anything is trained."""
    if base is None:
        return None
    texts: list[str] = []
    for part in parts.texts.values():
        texts += part
    shares, warnings = measure_coverage(texts, base, max_length)
    for warning in warnings:
        say(Message("progress.warning", warning=warning))
    return shares, warnings


def _measure(trained: TrainedPredictor) -> Evaluation:
    """The outcome's metrics, and how well its intervals hold where it has some."""
    parts, model, rows = trained.request.parts, trained.request.model, trained.data.rows
    head, predictions = trained.fitted.head, trained.predictions
    metrics = parts.outcome.evaluate(predictions, parts, model.seed)
    described = parts.outcome.describe(head, parts, model.seed)
    names = [name for name in model.features if name not in model.allow_private]
    shown = take_rows(rows, names, parts.where["test"])
    metrics |= parts.outcome.measure_coverage(
        described, predictions, parts, shown, trained.data.kinds
    )
    return Evaluation(metrics, described)


def _warnings(trained: TrainedPredictor, metrics: Metrics) -> list[Message]:
    parts, predictions = trained.request.parts, trained.predictions
    return [
        *model_warnings.compare_with_baselines(metrics),
        *model_warnings.warn_of_predictions(predictions, parts, metrics),
        *model_warnings.warn_of_data(
            trained.data.rows, trained.data.split, parts, trained.request.model
        ),
        *_split_warnings(trained),
        *model_warnings.warn_of_duplicates(predictions, parts),
    ]


def _split_warnings(trained: TrainedPredictor) -> list[Message]:
    """Columns that look like time or a group, where the split is random and keeps no groups."""
    context, model = trained.context, trained.request.model
    if context.groups or not context.random_split:
        return []
    return model_warnings.warn_of_split(
        trained.data.rows,
        trained.data.kinds,
        trained.request.parts.outcome,
        model,
        context.unused_columns,
    )


def _compare_with_other_heads(trained: TrainedPredictor, say: Say) -> Metrics:
    """A domain-adapted head against the general one, a federated head against a pooled one."""
    context, request, head = trained.context, trained.request, trained.fitted.head
    parts, features, seed = request.parts, trained.fitted.features, request.model.seed
    compared: Metrics = {}
    if context.init_from:
        compared |= compare_with_source(
            context.init_from, head, trained.predictions, features, parts, seed, say
        )
    if parts.sites is not None:
        compared |= compare_with_pooled(head, trained.predictions, features, parts, seed, say)
    return compared


def _compare(trained: TrainedPredictor, say: Say) -> dict[str, Json]:
    """Each kind of input alone, and the previous version, beside the version."""
    compared: dict[str, Json] = {}
    compared |= _ablate(trained, say)
    if trained.context.previous:
        compared |= compare_with_previous(
            trained.predictions,
            trained.context.previous,
            trained.data.rows,
            trained.request.parts,
            say,
        )
    return compared


def _ablate(trained: TrainedPredictor, say: Say) -> Mapping[str, Json]:
    """Each kind of input alone."""
    request, image_width = trained.request, 0
    if request.sight:
        image_width = request.sight.features["train"].shape[1]
    return ablate_inputs(
        trained.fitted.head,
        trained.predictions,
        trained.fitted.features,
        request.parts,
        request.model.seed,
        say,
        image_width,
    )


def _measure_retention(trained: TrainedPredictor, say: Say) -> Metrics:
    """What a continual model reaches on the previous test set, as `known`."""
    request, trunk = trained.request, trained.fitted.trunk
    past, base = request.past, request.base
    if not past or trunk is None or not base:
        return {}
    from mesocosm.learning.features.embeddings import encode
    from mesocosm.learning.features.tokenizer import Tokens

    parts, model = request.parts, request.model

    def predict(columns: Columns, count: int) -> Array:
        texts = tabular.join_texts(columns, parts.text_names, count, model.apart)
        features = encode(trunk, Tokens(base.folder, model.max_length), texts)
        table = tabular.build_block(columns, parts.facts, count)
        return parts.outcome.decode(trained.fitted.head.logits(features, table))

    return {"known": measure_retention(past, model.target, parts.outcome, predict, say)}


def _has_learning_curve(trained: TrainedPredictor) -> bool:
    """Whether the head alone can be refitted on fewer rows: a base that was trained on all rows
    would tell it too much.
    """
    request, head = trained.request, trained.fitted.head
    fine_tuned = trained.fitted.trunk is not None or bool(request.sight and request.sight.tuned)
    return not (fine_tuned or request.model.met or isinstance(head, ImportedHead))
