"""Train a model version: a folder of files and a record for the catalog.

Knows cleaned rows and the table of tasks. Nothing is listed before the caller does so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Columns
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import resolve_task
from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult


def train_version(
    name: str,
    model: Model,
    rows: Columns,
    split: Sequence[str],
    kinds: Mapping[str, str],
    context: TrainContext,
    say: Say,
) -> TrainResult:
    """Train and evaluate a version of `model`, and write its files into the context's folder.

    Args:
        name: the model's.
        rows: cleaned columns by field.
        split: the part of each row.
        kinds: each field's type.
        context: where files go, and what is known of the rows.
        say: receives progress.

    Raises:
        ConfigValueError: the data or the base does not fit the settings.
    """
    task = resolve_task(model, kinds, context.order, context.root)
    return task.train(name, TrainingData(model, rows, split, kinds), context, say)
