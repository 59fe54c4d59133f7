"""The work of training any version, counted from its training rows; the cases are those of
`training.train`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.base_models import resolve
from mesocosm.learning.cost.estimate import Job
from mesocosm.learning.strategies.automl import AUTO

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext


def job_for(
    model: Model,
    rows: Mapping[str, Sequence[Any]],
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
    if model.rank:
        return _ranking(model, rows, context)
    match kinds[model.target]:
        case "tags":
            return _tagging(model, rows, split, context)
        case "text":
            return _text(model, rows, split, context)
    return _prediction(model, rows, split, kinds, context)


def _base(model: Model, context: TrainContext) -> Base:
    """The base that the settings name.

    Raises:
        ConfigValueError: it is not there.
    """
    return resolve(str(model.base or ""), context.root)


def _ranking(model: Model, rows: Mapping[str, Sequence[Any]], context: TrainContext) -> Job:
    from mesocosm.learning.cost.ranking import ranking_job
    from mesocosm.learning.tasks.ranking.train import build_histories, select_evaluated

    items, histories = build_histories(model, rows, context.items)
    base = None
    if any(context.items.values()):
        base = _base(model, context)
    evaluated = select_evaluated(histories, len(items), np.random.default_rng(model.seed))
    texts = [context.items.get(i, "") for i in items]
    return ranking_job(model, base, histories, len(evaluated), texts, context.store)


def _tagging(
    model: Model, rows: Mapping[str, Sequence[Any]], split: Sequence[str], context: TrainContext
) -> Job:
    from mesocosm.learning.cost.text import tagging_job
    from mesocosm.learning.tasks.tagging.train import split_tagged

    base = _base(model, context)
    texts = split_tagged(model.features[0], model.target, rows, split).texts
    return tagging_job(model, base, texts, len(context.order), context.store)


def _text(
    model: Model, rows: Mapping[str, Sequence[Any]], split: Sequence[str], context: TrainContext
) -> Job:
    from mesocosm.learning.cost.text import generation_job, retrieval_job
    from mesocosm.learning.tasks.generation.prompt import split_pairs
    from mesocosm.learning.tasks.generation.train import MAX_EVALUATED, MAX_GENERATED

    base = _base(model, context)
    _, texts, answers = split_pairs(model.features, model.target, rows, split)
    if base.writes:
        return generation_job(model, base, texts, answers, MAX_EVALUATED, MAX_GENERATED)
    return retrieval_job(model, base, texts, answers, context.store)


def _prediction(
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    kinds: Mapping[str, str],
    context: TrainContext,
) -> Job:
    from mesocosm.learning.cost.predictive import planned_job
    from mesocosm.learning.features.splits import SplitContext, split_dataset

    around = SplitContext(context.order, context.init_from, context.groups, context.sites)
    parts = split_dataset(model, rows, split, kinds, around)
    from_scratch = model.pretrain is not None and model.pretrain.from_scratch is not None
    base = None
    if parts.text_names and not from_scratch:
        base = _base(model, context)
    return planned_job(
        model, parts, base, context.root, context.store, context.corpus, context.corpus_fields
    )
