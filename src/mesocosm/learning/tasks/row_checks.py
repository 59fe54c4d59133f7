"""Metrics and a loss that do not fit a task over rows. Knows every task's own metrics."""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message, Text
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.federated import FEDERATED_METRICS
from mesocosm.learning.tasks.registry import TASKS
from mesocosm.learning.tasks.task import CheckedModel, Task
from mesocosm.learning.training.losses import LOSSES

ADAPTATION_METRICS = ("gain_over_general", "gain_over_local")
OF_ROWS = (  # settings that only tasks over rows have
    "auto",
    "image_base",
    "pair",
    "pretrain",
    "self_training",
    "continual",
    "search",
    "fairness",
    "allow_leakage",
)


def check_metrics(model: Model, metrics: tuple[str, ...], what: Text, at: Path) -> Iterator[Fault]:
    """Gates of the model on metrics that are not of its task."""
    for metric in model.require:
        if metric not in metrics:
            path = (*at, "require", metric)
            found = Message("config.not_that_metric", name=metric, what=what)
            yield fault(path, found, "", list(metrics), metric)


def check_foreign_metrics(checked: CheckedModel, task: Task) -> Iterator[Fault]:
    """Gates on metrics of another task, or of a way to train that the model does not have."""
    for metrics, found, expected in _foreign_metrics(checked, task):
        for metric in metrics:
            if metric in checked.model.require:
                path = (*checked.at, "require", metric)
                other = Message("config.metric_of_other_task", name=metric, metric_kind=found)
                yield fault(path, other, expected)


def _foreign_metrics(
    checked: CheckedModel, task: Task
) -> Iterator[tuple[tuple[str, ...], Text, Text]]:
    """Metrics that the model cannot have, why, and what would be valid."""
    model = checked.model
    words = {"target": f"'{model.target}'", "kind": checked.target.type}
    for other in TASKS.values():
        if other is not task and other.foreign:
            found = Message(other.foreign.found, **words)
            yield other.foreign.metrics, found, Message(other.foreign.expected, **words)
    if not model.federated:
        found = Message("config.federated_metric")
        yield FEDERATED_METRICS, found, Message("config.set_federated")
    if not model.init_from:
        found = Message("config.adaptation_metric")
        yield ADAPTATION_METRICS, found, Message("config.set_init_from")


def check_loss(checked: CheckedModel, of: str) -> Iterator[Fault]:
    """A loss that is not one `of` what is predicted: `classes`, `labels` or `numbers`."""
    model = checked.model
    loss = getattr(model.fine_tune, "loss", None)
    if loss and loss.of != of:
        fits = [name for name, kind in LOSSES.items() if getattr(kind, "of", "") == of]
        found = Message(
            "config.loss_of_other_task",
            method=loss.method,
            of=loss.of,
            target=model.target,
            kind=checked.target.type,
        )
        yield fault((*checked.at, "fine_tune", "loss"), found, "", fits)


def check_fairness(checked: CheckedModel, id: str) -> Iterator[Fault]:
    """Groups of people, where no classes are predicted; `id` is the message that says what is."""
    model = checked.model
    if model.fairness:
        found = Message(id, target=model.target)
        yield fault((*checked.at, "fairness"), found, Message("config.no_fairness"))
