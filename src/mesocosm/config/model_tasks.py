"""The task of a model of the file, and what its checks know of the file's datasets.

Knows the grammar's objects and the table of tasks.
"""

from __future__ import annotations

from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Path
from mesocosm.data.dataset import Dataset
from mesocosm.data.types.field import FieldKind
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import find_task
from mesocosm.learning.tasks.task import CheckedModel, DatasetFacts, FieldFacts, TargetFacts, Task


def type_name(kind: FieldKind) -> str:
    """The built-in type that a field acts as to a model; a decimal is a number."""
    if kind.ibis_type.startswith("decimal"):
        return "number"
    return kind.role


def find_model_task(eco: Ecosystem, model: Model) -> Task | None:
    """The task of a model, as far as the file tells it.

    Returns:
        None where nothing predicts its target, or the fields of its dataset are drafted. Of two
        tasks between which the base decides, the one of a base that is not causal.
    """
    data = eco.datasets.get(model.dataset)
    if data is None:
        return find_task(model, TargetFacts())
    return find_data_task(model, data)


def find_data_task(model: Model, data: Dataset) -> Task | None:
    """The task of a model on a dataset."""
    kind = data.fields.get(model.target)
    if kind is None:
        return find_task(model, TargetFacts())
    ordered = bool(getattr(kind, "ordered", False))
    return find_task(model, TargetFacts(type_name(kind), ordered))


def sends_rows(eco: Ecosystem, model: Model) -> bool:
    """Whether a request of a model is a row of its dataset, as far as the file tells it."""
    task = find_model_task(eco, model)
    return task is None or task.rows_are_requests


def describe_model(eco: Ecosystem, model: Model, at: Path) -> CheckedModel:
    """A model of the file, as the checks of its task know it."""
    datasets = {name: _describe_dataset(data) for name, data in eco.datasets.items()}
    return CheckedModel(model, datasets[model.dataset], datasets, at)


def _describe_dataset(data: Dataset) -> DatasetFacts:
    fields = {
        name: FieldFacts(
            type_name(kind),
            bool(kind.private),
            kind.sealed,
            bool(getattr(kind, "ordered", False)),
        )
        for name, kind in data.fields.items()
    }
    return DatasetFacts(fields, data.key, bool(data.auto))
