"""What a model predicts, and the metrics and the loss that fit it. Knows the grammar's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.config.checks.models.adaptation import ADAPTATION_METRICS
from mesocosm.config.checks.models.outputs import (
    MULTI_LABEL_METRICS,
    ORDINAL_METRICS,
    TEXT_METRICS,
    check_number,
    check_text,
)
from mesocosm.config.checks.models.ranking import RANKING_METRICS
from mesocosm.config.checks.models.tagging import TAGGING_METRICS, check_tagging
from mesocosm.config.checks.names import Fault, Path, fault, unknown_field
from mesocosm.core.messages import Message, Text
from mesocosm.data.dataset import Dataset
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.federated import FEDERATED_METRICS
from mesocosm.learning.training.losses import LOSSES

TARGETS = ("category", "boolean", "list", "number", "integer", "text", "tags")


def check_target(
    model: Model, data: Dataset, kinds: Mapping[str, str], at: Path
) -> Iterator[Fault]:
    """Faults of `target`, and of what is required of the field it names."""
    path = (*at, "target")
    if model.target not in data.fields:
        yield unknown_field(path, model.dataset, data.fields, model.target)
        return
    kind = kinds[model.target]
    if kind not in TARGETS:
        expected = Message("config.target_field")
        yield fault(path, Message("config.field_of_type", field=model.target, kind=kind), expected)
    elif kind == "tags":
        yield from check_tagging(model, kinds, at)
    elif kind == "text":
        yield from check_text(model, at)
    else:
        yield from _check_classes_or_number(model, data, kind, at)


def _check_classes_or_number(model: Model, data: Dataset, kind: str, at: Path) -> Iterator[Fault]:
    """Metrics, and a loss, that are not of classes, labels or a number."""
    task = {"number": "numbers", "integer": "numbers", "list": "labels"}.get(kind, "classes")
    if task == "numbers":
        yield from check_number(model, at)
    if task == "labels" and model.fairness:
        found = Message("config.fairness_not_of_list", target=model.target)
        yield fault((*at, "fairness"), found, Message("config.no_fairness"))
    ordered = bool(getattr(data.fields[model.target], "ordered", False))
    for metrics, metric_kind, expected in _metrics_of_other_tasks(model, task, kind, ordered):
        for metric in metrics:
            if metric in model.require:
                yield fault(
                    (*at, "require", metric),
                    Message("config.metric_of_other_task", metric=metric, metric_kind=metric_kind),
                    expected,
                )
    loss = getattr(model.fine_tune, "loss", None)
    if loss and loss.of != task:
        fits = [name for name, loss_kind in LOSSES.items() if getattr(loss_kind, "of", "") == task]
        found = Message(
            "config.loss_of_other_task",
            method=loss.method,
            of=loss.of,
            target=model.target,
            kind=kind,
        )
        yield fault((*at, "fine_tune", "loss"), found, "", fits)


def _metrics_of_other_tasks(
    model: Model, task: str, kind: str, ordered: bool
) -> Iterator[tuple[tuple[str, ...], Text, Text]]:
    """Metrics that the model cannot have, why, and what would be valid."""
    target = f"'{model.target}'"
    if not ordered:
        yield (
            ORDINAL_METRICS,
            Message("config.ordinal_metric", target=target),
            Message("config.set_ordered", target=target),
        )
    if task != "labels":
        found = Message("config.multi_label_metric", target=target, kind=kind)
        yield MULTI_LABEL_METRICS, found, Message("config.other_metric")
    found = Message("config.tagging_metric_on_other", target=target, kind=kind)
    yield TAGGING_METRICS, found, Message("config.other_metric")
    yield (
        tuple(metric for metric in RANKING_METRICS if metric != "mrr"),
        Message("config.ranking_metric"),
        Message("config.set_rank"),
    )
    if task != "numbers":
        yield (
            tuple(metric for metric in TEXT_METRICS if metric != "gain_over_linear"),
            Message("config.text_metric_on_other", target=target, kind=kind),
            Message("config.classification_metric"),
        )
    if not model.federated:
        yield (
            tuple(FEDERATED_METRICS),
            Message("config.federated_metric"),
            Message("config.set_federated"),
        )
    if not model.init_from:
        yield (
            ADAPTATION_METRICS,
            Message("config.adaptation_metric"),
            Message("config.set_init_from"),
        )
