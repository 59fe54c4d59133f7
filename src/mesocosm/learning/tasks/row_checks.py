"""Metrics and a loss that do not fit a task over rows. Knows every task's own metrics."""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.core.faults import Fault, Path, fault
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.federated import FEDERATED_METRICS
from mesocosm.learning.tasks.registry import TASKS
from mesocosm.learning.tasks.task import CheckedModel, Task
from mesocosm.learning.training.losses import LOSSES

ADAPTATION_METRICS = ("gain_over_general", "gain_over_local")


def check_metrics(model: Model, metrics: tuple[str, ...], what: str, at: Path) -> Iterator[Fault]:
    """Gates of the model on metrics that are not of its task."""
    for metric in model.require:
        if metric not in metrics:
            path = (*at, "require", metric)
            yield fault(path, f"'{metric}' is not {what}", "", list(metrics), metric)


def check_foreign_metrics(checked: CheckedModel, task: Task) -> Iterator[Fault]:
    """Gates on metrics of another task, or of a way to train that the model does not have."""
    for metrics, found, expected in _foreign_metrics(checked, task):
        for metric in metrics:
            if metric in checked.model.require:
                path = (*checked.at, "require", metric)
                yield fault(path, f"'{metric}' is {found}", expected)


def _foreign_metrics(
    checked: CheckedModel, task: Task
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Metrics that the model cannot have, why, and what would be valid."""
    model = checked.model
    words = {"target": f"'{model.target}'", "type": checked.target.type}
    for other in TASKS.values():
        if other is not task and other.foreign:
            found, expected = other.foreign.found, other.foreign.expected
            yield other.foreign.metrics, found.format(**words), expected.format(**words)
    if not model.federated:
        found, expected = "a metric of federated learning", "'federated' in the model"
        yield FEDERATED_METRICS, found, f"{expected}, or another metric"
    if not model.init_from:
        found, expected = "a metric of a model that adapts another", "'init_from' in the model"
        yield ADAPTATION_METRICS, found, f"{expected}, or another metric"


def check_loss(checked: CheckedModel, of: str) -> Iterator[Fault]:
    """A loss that is not one `of` what is predicted: `classes`, `labels` or `numbers`."""
    model = checked.model
    loss = getattr(model.fine_tune, "loss", None)
    if loss and loss.of != of:
        fits = [name for name, kind in LOSSES.items() if getattr(kind, "of", "") == of]
        target = f"'{model.target}' is a {checked.target.type}"
        found = f"'{loss.method}' is a loss of {loss.of}, and {target}"
        yield fault((*checked.at, "fine_tune", "loss"), found, "", fits)


def check_fairness(checked: CheckedModel, what: str) -> Iterator[Fault]:
    """Groups of people, where no classes are predicted but `what`."""
    model = checked.model
    if model.fairness:
        found = f"fairness gaps are of classes, and '{model.target}' is a {what}"
        yield fault((*checked.at, "fairness"), found, "no 'fairness' here")
