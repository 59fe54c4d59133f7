"""What the versions of a plan will cost to grow, where the data they learn from is there already.

Knows the catalog and the door of learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.lifecycle.access.data_access import corpus_of, items_of, kinds_of, order_of, rows_for
from mesocosm.lifecycle.access.model_access import taught_by
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import where_of


def prices(spec: Spec, catalog: Catalog, changes: Sequence[Change]) -> dict[str, dict[str, Any]]:
    """By address of each model that would be grown from a dataset that stays: `seconds`,
    `gigabytes`, `phases`, and a `text`.
    """
    signs = {c.address: c.sign for c in changes}
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        if (
            change.resource is None
            or change.resource.section != "models"
            or change.sign not in ("+", "±")
        ):
            continue
        model = spec.eco.models[change.resource.name]
        snapshot = catalog.snapshot(dataset=model.learns)
        if snapshot is None or signs.get(f"datasets.{model.learns}") != "=":
            continue
        from mesocosm.learning.cost.estimate import estimate_cost
        from mesocosm.learning.cost.total import job_for
        from mesocosm.learning.training.context import TrainContext

        store = where_of(spec).store
        try:
            read = rows_for(spec, model, snapshot)
            corpus, told = corpus_of(spec, catalog, model, snapshot)
            site = TrainContext(
                spec.root,
                store,
                store,
                "",
                corpus=corpus,
                corpus_fields=told,
                order=order_of(snapshot, model.predict),
                init_from=taught_by(spec, catalog, model),
                items=items_of(spec, catalog, model),
                groups=read.groups,
                sites=read.sites,
            )
            job = job_for(model, read.rows, read.split, kinds_of(snapshot), site)
        except Failure:  # the build says what is wrong, with its place
            continue
        if job:
            said = estimate_cost(job, store)
            found[change.address] = said.as_json() | {"text": said.text()}
    return found
