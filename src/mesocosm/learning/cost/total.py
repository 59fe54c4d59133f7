"""The work of training any version, counted from its training rows by its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.learning.cost.estimate import Job
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.tasks.registry import resolve_task
from mesocosm.learning.training.context import TrainingData

if TYPE_CHECKING:
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext


def job_for(
    model: Model,
    rows: Mapping[str, Sequence[object]],
    split: Sequence[str],
    kinds: Mapping[str, str],
    context: TrainContext,
) -> Job | None:
    """The job of a version; None for an imported model, and for `base: auto`, which has a time
    budget of its own.

    Raises:
        ConfigValueError: the data or the base does not fit the settings.
    """
    if not (model.base is None or isinstance(model.base, str)) or model.base == AUTO:
        return None
    task = resolve_task(model, kinds, context.order, context.root)
    return task.count_work(TrainingData(model, rows, split, kinds), context)
