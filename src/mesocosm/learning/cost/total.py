"""The work of growing any version, from the rows it will learn from: the roads are those of
`learn.train`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.base_models import resolve
from mesocosm.learning.cost.estimate import Job
from mesocosm.learning.strategies.automl import AUTO

if TYPE_CHECKING:
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext


def job_for(
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    kinds: Mapping[str, str],
    site: TrainContext,
) -> Job | None:
    """What is to be priced; None for a base that is brought, and where the base is to be found
    (`auto` has minutes of its own).

    Raises:
        Wrong: the data or the base does not fit the settings.
    """
    if not (model.base is None or isinstance(model.base, str)) or model.base == AUTO:
        return None
    if model.rank:
        from mesocosm.learning.cost.ranking import ranking_job
        from mesocosm.learning.tasks.ranking.train import done, judging

        items, histories = done(model, rows, site.items)
        reads = resolve(model.base or "", site.root) if any(site.items.values()) else None
        return ranking_job(
            model,
            reads,
            histories,
            len(judging(histories, len(items), np.random.default_rng(model.seed))),
            [site.items.get(i, "") for i in items],
            site.store,
        )
    kind = kinds[model.predict]
    if kind == "tags":
        from mesocosm.learning.cost.text import tagging_job
        from mesocosm.learning.tasks.tagging.train import tagged

        return tagging_job(
            model,
            resolve(model.base or "", site.root),
            tagged(model.inputs[0], model.predict, rows, split)[1],
            len(site.order),
            site.store,
        )
    if kind == "text":
        from mesocosm.learning.cost.text import generation_job, retrieval_job
        from mesocosm.learning.tasks.generation.prompt import paired
        from mesocosm.learning.tasks.generation.train import MOST_JUDGED, MOST_WRITTEN

        base = resolve(model.base or "", site.root)
        _, texts, answers = paired(model.inputs, model.predict, rows, split)
        return (
            generation_job(model, base, texts, answers, MOST_JUDGED, MOST_WRITTEN)
            if base.writes
            else retrieval_job(model, base, texts, answers, site.store)
        )
    from mesocosm.learning.cost.predictive import planned_job
    from mesocosm.learning.features.splits import cut

    parts = cut(model, rows, split, kinds, site.order, site.init_from, site.groups, site.sites)
    scratch = model.pretrain is not None and model.pretrain.scratch is not None
    reads = resolve(model.base or "", site.root) if parts.text_names and not scratch else None
    return planned_job(model, parts, reads, site.root, site.store, site.corpus, site.corpus_fields)
