"""The table of tasks, and which task a model or a version has. Light to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.learning.tasks.classification.task import Classification
from mesocosm.learning.tasks.generation.task import Generation
from mesocosm.learning.tasks.multi_label.task import MultiLabel
from mesocosm.learning.tasks.ordinal.task import Ordinal
from mesocosm.learning.tasks.ranking.task import Ranking
from mesocosm.learning.tasks.regression.task import Regression
from mesocosm.learning.tasks.retrieval.task import Retrieval
from mesocosm.learning.tasks.tagging.task import Tagging
from mesocosm.learning.tasks.task import Record, TargetFacts, Task

if TYPE_CHECKING:
    from mesocosm.learning.model import Model

TASKS: dict[str, Task] = {
    "classification": Classification(),
    "ordinal": Ordinal(),
    "regression": Regression(),
    "multi_label": MultiLabel(),
    "ranking": Ranking(),
    "retrieval": Retrieval(),
    "generation": Generation(),
    "tagging": Tagging(),
}


def find_task(model: Model, target: TargetFacts) -> Task | None:
    """The task of a model; None where nothing predicts such a target."""
    return next((task for task in TASKS.values() if task.fits(model, target)), None)


def resolve_task(model: Model, types: Mapping[str, str], order: Sequence[str], root: Path) -> Task:
    """The task of a model whose data are at hand; the base is opened where it decides.

    Args:
        model: the settings.
        types: each field's type.
        order: the values of an ordinal target.
        root: the project's folder.

    Raises:
        ConfigValueError: nothing predicts such a target, or there is no such base.
    """
    target = TargetFacts(types[model.target], bool(order))
    task = find_task(model, target)
    if task is not None and task.by_base:
        from mesocosm.learning.base_models import resolve

        generates = resolve(str(model.base), root).writes
        task = find_task(model, replace(target, generates=generates))
    if task is None:
        raise ConfigValueError("target", f"'{model.target}' is a {target.type}", describe_targets())
    return task


def recorded_task(recipe: Record) -> Task:
    """The task of a version.

    Raises:
        MesocosmError: none of this installation made it.
    """
    for task in TASKS.values():
        if task.is_recorded(recipe):
            return task
    raise MesocosmError(
        f"a version of the task '{recipe.get('task')}' is listed, and no such task is installed"
    )


def collect_metrics() -> tuple[str, ...]:
    """The metrics of all tasks that `require` may bound, each once."""
    metrics: list[str] = []
    for task in TASKS.values():
        metrics += task.metrics
    return tuple(dict.fromkeys(metrics))


def target_types() -> list[str]:
    """Types of a field that some task predicts, each once."""
    types: list[str] = []
    for task in TASKS.values():
        types += task.target_types
    return list(dict.fromkeys(types))


def describe_targets() -> str:
    """The fields that can be predicted, in words."""
    *types, last = target_types()
    return f"a {', '.join(types)} or {last} field"
