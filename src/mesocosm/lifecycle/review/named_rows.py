"""Requests that people gave a label which the data lack, and the labels that the data have.

Knows the catalog's labelled requests and snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import LabelledRow, SnapshotRow
from mesocosm.config import Spec
from mesocosm.config.model_tasks import find_model_task
from mesocosm.data.types import role_of
from mesocosm.learning.model import Model
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.lifecycle.jobs.train import PREDICTION_ID


def read_named_rows(
    spec: Spec, catalog: Catalog, model: str, snapshot: SnapshotRow
) -> list[dict[str, object]]:
    """Requests that people gave a label which the data lack: cleaned inputs and the label.

    Every version from then on is trained on them, until the data have rows of the label.
    """
    settings = spec.eco.models[model]
    if not _takes_new_classes(spec, settings, snapshot):
        return []
    labelled = list(_read_labelled(spec, catalog, model))
    if not labelled:
        return []
    known = read_known_labels(spec, snapshot, settings.target)
    return [
        {**row["input"]["clean"], settings.target: row["label"], PREDICTION_ID: row["id"]}
        for row in labelled
        if row["label"] not in known and _has_inputs(row, settings)
    ]


def _has_inputs(row: LabelledRow, model: Model) -> bool:
    """Whether a request had every input that a model has now."""
    return set(model.features) <= set(row["input"]["clean"])


def _takes_new_classes(spec: Spec, model: Model, snapshot: SnapshotRow) -> bool:
    """Whether people may name a class that a model lacks."""
    field = snapshot["recipe"]["fields"].get(model.target, {})
    if role_of(field) != "category" or field.get("values") or model.init_from:
        return False
    task = find_model_task(spec.eco, model)
    return task is None or task.has_class


def _read_labelled(spec: Spec, catalog: Catalog, model: str) -> Iterator[LabelledRow]:
    """The labelled requests of a model's services."""
    for name, service in spec.eco.services.items():
        if service.model == model:
            yield from catalog.labelled(name)


def read_known_labels(spec: Spec, snapshot: SnapshotRow, field: str) -> set[str]:
    """The values of a field that a snapshot has."""
    return {str(v) for v in read_columns(spec, snapshot, [field])[0][field] if v is not None}
