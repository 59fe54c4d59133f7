"""What the versions of a plan will cost to grow, where the data they learn from is there already.

Knows the catalog and the door of learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mesocosm.base.errors import Wrong
from mesocosm.build.graph import where_of
from mesocosm.build.plan import Change
from mesocosm.build.wiring import columns_of, kinds_of, order_of
from mesocosm.catalog import Catalog
from mesocosm.learn.auto import AUTO
from mesocosm.spec import Spec


def prices(spec: Spec, catalog: Catalog, changes: Sequence[Change]) -> dict[str, dict[str, Any]]:
    """By address of each model that would be grown from a dataset that stays: `seconds`, `gigabytes`, `phases`, and a `text`."""
    signs = {c.address: c.sign for c in changes}
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        if change.resource is None or change.resource.section != "models" or change.sign not in ("+", "±"):
            continue
        model = spec.eco.models[change.resource.name]
        snapshot = catalog.snapshot(dataset=model.learns)
        if snapshot is None or signs.get(f"datasets.{model.learns}") != "=" or kinds_of(snapshot).get(model.predict) in ("text", "tags") or not (model.base is None or isinstance(model.base, str)) or model.base == AUTO or model.rank or (model.pretrain and model.pretrain.scratch):
            continue
        from mesocosm.learn.bases import resolve
        from mesocosm.learn.parts import cut
        from mesocosm.learn.price import price

        rows, split = columns_of(spec, snapshot, list(dict.fromkeys([*model.inputs, model.predict])))
        try:
            parts = cut(model, rows, split, kinds_of(snapshot), order_of(snapshot, model.predict))
            base = resolve(model.base, spec.root) if parts.text_names and model.base else None
            sees = resolve(model.image_base, spec.root) if model.image_base else None
        except Wrong:  # the build says what is wrong, with its place
            continue
        told = price(model, parts, base, where_of(spec).store, sees)
        found[change.address] = told.as_json() | {"text": told.text()}
    return found
