"""What a model predicts: a field that is there, of a type that some task predicts."""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.core.faults import Fault, fault, unknown_field
from mesocosm.core.messages import Message
from mesocosm.learning.tasks.registry import describe_targets
from mesocosm.learning.tasks.task import CheckedModel, Task


def check_target(checked: CheckedModel, task: Task | None) -> Iterator[Fault]:
    """Faults of `target`, and of what the task requires."""
    model, fields = checked.model, checked.data.fields
    path = (*checked.at, "target")
    if task is not None:
        yield from task.check(checked)
    elif model.target not in fields:
        yield unknown_field(path, model.dataset, fields, model.target)
    else:
        kind = fields[model.target].type
        found = Message("config.field_of_type", field=model.target, kind=kind)
        yield fault(path, found, describe_targets())
