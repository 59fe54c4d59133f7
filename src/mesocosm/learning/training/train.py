"""Train a model version: a folder of files and a record for the catalog.

Knows cleaned rows and which task a target is. Nothing is listed before the caller does so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mesocosm.learning.base_models import resolve
from mesocosm.learning.model import Model
from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult
from mesocosm.learning.training.train_predictor import train_predictor


def train_version(
    name: str,
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    kinds: Mapping[str, str],
    context: TrainContext,
    say: Callable[[str], None],
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
    if model.rank:
        from mesocosm.learning.tasks.ranking.train import train_ranker

        return train_ranker(name, model, rows, context, say)
    if kinds[model.target] == "tags":
        from mesocosm.learning.tasks.tagging.train import train_tagger

        return train_tagger(
            name,
            model,
            resolve(str(model.base), context.root),
            rows,
            split,
            context,
            say,
        )
    if kinds[model.target] == "text":
        from mesocosm.learning.tasks.generation.train import train_generator
        from mesocosm.learning.tasks.retrieval.train import train_retriever

        reads = resolve(str(model.base), context.root)
        train = train_retriever
        if reads.writes:
            train = train_generator
        return train(name, model, reads, rows, split, context, say)
    return train_predictor(name, TrainingData(model, rows, split, kinds), context, say)
