"""The outcome of a model over rows: how its target becomes numbers and back, by its task."""

from __future__ import annotations

from collections.abc import Sequence

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.outcome import Outcome
from mesocosm.learning.tasks.registry import find_task
from mesocosm.learning.tasks.row_task import RowTask
from mesocosm.learning.tasks.task import TargetFacts


def make_outcome(model: Model, target_type: str, order: Sequence[str] = ()) -> Outcome:
    """The outcome of a model.

    Args:
        model: the settings.
        target_type: the type of the target field.
        order: the values of an ordinal target, from the least to the greatest.

    Raises:
        ConfigValueError: no task over rows predicts such a target.
    """
    task = find_task(model, TargetFacts(target_type, bool(order)))
    if not isinstance(task, RowTask):
        found = Message("learning.no_head_for", name=model.target, type=target_type)
        raise ConfigValueError("target", found, Message("learning.classes_or_number"))
    return task.make_outcome(order)
