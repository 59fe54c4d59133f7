"""The table of tasks, and which task a model or a version has. Light to import.

Tasks of Mesocosm come first; those of plugins are looked for where none of these fits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message, Text
from mesocosm.core.plugins.entry_points import PluginError, plugins_of_group
from mesocosm.core.plugins.kinds import Kinds
from mesocosm.learning.tasks.classification.task import Classification
from mesocosm.learning.tasks.generation.task import Generation
from mesocosm.learning.tasks.multi_label.task import MultiLabel
from mesocosm.learning.tasks.ordinal.task import Ordinal
from mesocosm.learning.tasks.ranking.task import Ranking
from mesocosm.learning.tasks.regression.task import Regression
from mesocosm.learning.tasks.retrieval.task import Retrieval
from mesocosm.learning.tasks.tagging.task import Tagging
from mesocosm.learning.tasks.task import Leading, Record, TargetFacts, Task

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


def _find_fault(kind: type[Task]) -> tuple[Text, Text] | None:
    if not kind.recorded or kind.recorded in [task.recorded for task in TASKS.values()]:
        return Message("learning.recorded_of", kind=kind.__name__, word=kind.recorded), Message(
            "learning.unused_word"
        )
    taken: set[str] = set()
    for task in TASKS.values():
        taken |= set(task.target_types)
    if not set(kind.target_types) - taken:
        expected = Message("learning.unpredicted_type", types=", ".join(sorted(taken)))
        return Message(
            "learning.target_types_of", kind=kind.__name__, types=repr(kind.target_types)
        ), expected
    return None


KINDS: dict[str, type[Task]] = {name: type(task) for name, task in TASKS.items()}
TASK_KINDS = Kinds("tasks", KINDS, Task, "name", find_fault=_find_fault)


def plugin_tasks() -> Iterator[Task]:
    """The tasks of plugins that keep the contract."""
    for name in TASK_KINDS:
        if name not in TASKS:
            yield TASK_KINDS[name]()


def installed_tasks() -> Iterator[Task]:
    """All tasks, those of plugins last."""
    yield from TASKS.values()
    yield from plugin_tasks()


def find_task(model: Model, target: TargetFacts) -> Task | None:
    """The task of a model; None where nothing predicts such a target."""
    task = _first_fitting(TASKS.values(), model, target)
    if task is not None or not target.type or model.own_task is not None:
        return task
    return _first_fitting(plugin_tasks(), model, target)


def _first_fitting(tasks: Iterable[Task], model: Model, target: TargetFacts) -> Task | None:
    return next((task for task in tasks if task.fits(model, target)), None)


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
        raise ConfigValueError(
            "target",
            Message("learning.target_is", name=model.target, type=target.type),
            describe_targets(),
        )
    return task


def recorded_task(recipe: Record) -> Task:
    """The task of a version.

    Raises:
        MesocosmError: none of this installation made it.
    """
    task = find_recorded_task(recipe)
    if task is None:
        raise MesocosmError(Message("learning.task_not_installed", task=str(recipe.get("task"))))
    return task


def find_recorded_task(recipe: Record) -> Task | None:
    """The task of a version; None where none of this installation made it."""
    return next((task for task in installed_tasks() if task.is_recorded(recipe)), None)


def collect_metrics() -> tuple[str, ...]:
    """The metrics of Mesocosm's tasks that `require` may bound, each once."""
    metrics: list[str] = []
    for task in TASKS.values():
        metrics += task.metrics
    return tuple(dict.fromkeys(metrics))


def collect_plugin_metrics() -> tuple[str, ...]:
    """The metrics of plugins' tasks that `require` may bound."""
    metrics: list[str] = []
    for task in plugin_tasks():
        metrics += task.metrics
    return tuple(metrics)


def leading_of(figures: Record) -> Leading | None:
    """What leads among the metrics of a version; None where no task leads by any of them."""
    return next(
        (task.leading for task in installed_tasks() if task.leading.metric in figures), None
    )


def shown_metrics(figures: Record, first: Collection[str] = ()) -> list[str]:
    """Metrics of a version in the order in which reports show them; those of gates come first."""
    shown = _metrics_to_show(TASKS.values())
    leading = [task.leading.metric for task in TASKS.values()]
    if figures.keys().isdisjoint(leading):
        shown += _metrics_to_show(plugin_tasks())
    listed = [metric for metric in dict.fromkeys(shown) if metric in figures]
    return sorted(listed, key=lambda metric: metric not in first)


def _metrics_to_show(tasks: Iterable[Task]) -> list[str]:
    shown: list[str] = []
    for task in tasks:
        shown += task.shown
    return shown


def target_types() -> list[str]:
    """Types of a field that some task predicts, each once."""
    types: list[str] = []
    for task in installed_tasks():
        types += task.target_types
    return list(dict.fromkeys(types))


def describe_targets() -> Message:
    """The fields that can be predicted, and why tasks of plugins are refused."""
    *types, last = target_types()
    refused = ""
    for plugin in plugins_of_group(TASK_KINDS.group):
        try:
            TASK_KINDS.load(plugin)
        except PluginError as error:
            refused += f" ({error})"
    return Message("config.target_field", types=tuple(types), last=last, refused=refused)
