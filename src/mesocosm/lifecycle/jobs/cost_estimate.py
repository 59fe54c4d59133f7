"""What the training of a plan's versions will cost, where their data are built already.

Knows the catalog and the door of learning.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages.stored import text_to_json
from mesocosm.core.records import Json
from mesocosm.learning.model import Model
from mesocosm.lifecycle.access.data_access import (
    read_corpus,
    read_field_types,
    read_items,
    read_training_rows,
    read_value_order,
)
from mesocosm.lifecycle.access.model_access import load_starting_version
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import locate_project


def estimate_costs(
    spec: Spec, catalog: Catalog, changes: Sequence[Change]
) -> dict[str, dict[str, Json]]:
    """By address of each model that would be trained on a dataset that stays: `seconds`,
    `gigabytes`, `phases`, and a `text`.
    """
    kept = {change.address for change in changes if change.sign == "="}
    costs: dict[str, dict[str, Json]] = {}
    for change in changes:
        if change.trains_model():
            cost = _try_estimate(spec, catalog, change, kept)
            if cost:
                costs[change.address] = cost
    return costs


def _try_estimate(
    spec: Spec, catalog: Catalog, change: Change, kept: Collection[str]
) -> dict[str, Json] | None:
    """What the training of a version costs; None where its data are not built, change or are at
    fault.
    """
    model = spec.eco.models[change.built[0].name]
    snapshot = catalog.snapshot(dataset=model.dataset)
    if snapshot is None or f"datasets.{model.dataset}" not in kept:
        return None
    try:
        return _estimate(spec, catalog, model, snapshot)
    except MesocosmError:  # the build reports what is wrong, with its place
        return None


def _estimate(
    spec: Spec, catalog: Catalog, model: Model, snapshot: SnapshotRow
) -> dict[str, Json] | None:
    """What the training of one version costs; None where that is not known."""
    from mesocosm.learning.cost.estimate import estimate_cost
    from mesocosm.learning.cost.total import job_for
    from mesocosm.learning.training.context import TrainContext

    store = locate_project(spec).store
    read = read_training_rows(spec, model, snapshot)
    corpus, corpus_fields = read_corpus(spec, catalog, model, snapshot)
    site = TrainContext(
        spec.root,
        store,
        store,
        "",
        corpus=corpus,
        corpus_fields=corpus_fields,
        order=read_value_order(snapshot, model.target),
        init_from=load_starting_version(spec, catalog, model),
        items=read_items(spec, catalog, model),
        groups=read.groups,
        sites=read.sites,
    )
    job = job_for(model, read.rows, read.split, read_field_types(snapshot), site)
    if not job:
        return None
    cost = estimate_cost(job, store)
    return cast("dict[str, Json]", cost.as_json() | text_to_json("text", cost.message()))
