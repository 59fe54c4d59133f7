"""Labels of a model: doubtful ones with the line of their source, and rows that are worth labelling
next.

Knows the catalog and the doors of data and learning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

from mesocosm.catalog import Catalog, find_unlabelled
from mesocosm.catalog.rows import PredictionRow, SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import find_task, recorded_task
from mesocosm.learning.tasks.task import TargetFacts
from mesocosm.lifecycle.access.data_access import (
    Columns,
    read_field_types,
    read_group_field,
    to_doubles,
)
from mesocosm.lifecycle.access.datasets.history import find_version
from mesocosm.lifecycle.access.model_access import load_row_version
from mesocosm.lifecycle.project_store import locate_project

if TYPE_CHECKING:
    import pyarrow as pa

    from mesocosm.learning.arrays import Array
    from mesocosm.learning.export.predictor import Version


REQUESTS = 2000  # logged requests of a service that are read


class DoubtfulLabels(TypedDict):
    """Rows whose label the others contradict, with the file and line of each (`found`)."""

    model: str
    dataset: str
    version: str
    rows: int
    found: list[dict[str, object]]


class RowOrigin(TypedDict):
    """Where a row is from: a logged prediction, or a line of a file."""

    prediction: NotRequired[str]
    service: NotRequired[str]
    file: NotRequired[str]
    line: NotRequired[int]


class SuggestedRow(RowOrigin):
    """A row that is worth labelling, and what the model says with which probability."""

    inputs: dict[str, str | None]
    says: str
    probability: float


class LabellingSuggestions(TypedDict):
    """The rows that are worth labelling, of `waiting` ones without a label."""

    model: str
    version: str
    labels: list[str]
    waiting: int
    found: list[SuggestedRow]


def find_model(spec: Spec, name: str) -> Model:
    """A model of the file.

    Raises:
        ConfigValueError: there is none of that name.
    """
    models = spec.eco.models
    if name not in models:
        found = Message("lifecycle.no_model", name=name[:60])
        raise ConfigValueError("", found, Message("lifecycle.model_of_file"), sorted(models), name)
    return models[name]


def find_doubtful_labels(spec: Spec, catalog: Catalog, model: str) -> DoubtfulLabels:
    """Rows of the training and validation splits whose label the others contradict.

    Raises:
        ConfigValueError: there is no such model, or it predicts no classes.
        MesocosmError: its dataset was not built, or has too many rows.
    """
    from mesocosm.learning.strategies.label_quality import find_label_errors

    settings = find_model(spec, model)
    snapshot = find_version(catalog, settings.dataset, "newest")
    kinds = read_field_types(snapshot)
    table = _read_labelled(spec, settings, snapshot)
    _check_has_classes(model, settings, kinds)
    fields = dict.fromkeys([*settings.features, settings.target])
    rows = {name: to_doubles(table, name) for name in fields}
    texts = [name for name in settings.features if kinds[name] == "text"]
    found = find_label_errors(
        rows,
        list(settings.features),
        settings.target,
        texts,
        _embed(spec, settings, rows, texts, table.num_rows),
        groups=_read_groups(table, snapshot),
    )
    return {
        "model": model,
        "dataset": settings.dataset,
        "version": snapshot["id"],
        "rows": table.num_rows,
        "found": _locate_rows(found, table),
    }


def _read_labelled(spec: Spec, model: Model, snapshot: SnapshotRow) -> pa.Table:
    """The training and validation rows that have a label.

    Raises:
        MesocosmError: there are too many.
    """
    from mesocosm.data.snapshots.delta_tables import read_table
    from mesocosm.learning.strategies.label_quality import MAX_ROWS

    path = locate_project(spec).store / snapshot["path"] / "rows"
    table = read_table(path, snapshot["delta"], where="_split in ('train', 'validation')")
    if table.num_rows > MAX_ROWS:
        raise MesocosmError(
            Message("lifecycle.too_many_rows_for_labels", rows=table.num_rows, most=MAX_ROWS)
        )
    labels = table.column(model.target).to_pylist()
    return table.take([i for i, label in enumerate(labels) if label is not None])


def _embed(
    spec: Spec, model: Model, rows: Columns, texts: Sequence[str], count: int
) -> Array | None:
    """The embeddings of the texts of rows; None where they have none."""
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.base_models.encoder_choice import choose_encoder
    from mesocosm.learning.features.embeddings import embed_texts

    if not texts:
        return None
    joined = _join_texts(rows, texts, count)
    base = resolve(str(model.base or choose_encoder(joined).base), spec.root)
    return embed_texts(base, joined, 128, locate_project(spec).store)


def _read_groups(table: pa.Table, snapshot: SnapshotRow) -> list[object]:
    """The group of each row, where the split keeps groups together."""
    group = read_group_field(snapshot)
    if not group:
        return []
    groups: list[object] = table.column(group).to_pylist()
    return groups


def _locate_rows(found: Sequence[Mapping[str, object]], table: pa.Table) -> list[dict[str, object]]:
    """Doubtful labels with the file and the line of their row, by its `index`."""
    files, lines = table.column("_file").to_pylist(), table.column("_line").to_pylist()
    located = []
    for doubt in found:
        at = cast(int, doubt["index"])
        located.append({**doubt, "file": files[at], "line": lines[at]})
    return located


def _check_has_classes(name: str, model: Model, kinds: Mapping[str, str]) -> None:
    """Refuse a model whose rows do not have one class each."""
    kind = kinds[model.target]
    task = find_task(model, TargetFacts(kind))
    if task is None or not task.has_class:
        found = Message("lifecycle.not_one_class", name=name, kind=kind)
        raise ConfigValueError("", found, Message("lifecycle.a_classifier"))


def _join_texts(
    rows: Mapping[str, Sequence[object]], fields: Sequence[str], count: int
) -> list[str]:
    return [_join_row(rows, fields, i) for i in range(count)]


def _join_row(rows: Mapping[str, Sequence[object]], fields: Sequence[str], at: int) -> str:
    return " ".join(str(rows[name][at] or "") for name in fields)


def suggest_labelling(
    spec: Spec, catalog: Catalog, model: str, most: int = 20
) -> LabellingSuggestions:
    """Rows without a label from which a model would learn most (active learning): of its dataset,
    and requests of its services without feedback.

    Returns:
        `found`: each with `inputs` (revealed private ones left out), what the model `says` with
            which `probability`, and where it is from: `prediction` (an id that `feedback` takes)
            with its `service`, or `file` and `line`.

    Raises:
        ConfigValueError: there is no such model, or it predicts a number.
        MesocosmError: it was not built, or no row is without a label.
    """
    from mesocosm.learning.strategies.active_learning import select_rows

    champion, net = load_champion(spec, catalog, model)
    settings = spec.eco.models[model]
    rows = _unlabelled_rows(spec, catalog, model, net)
    if not rows:
        raise MesocosmError(Message("lifecycle.everything_labelled", dataset=settings.dataset))
    columns = list_columns([row for row, _ in rows], net.inputs)
    probabilities = net.outputs(columns, len(rows))
    features = stack_features(*net.features(columns, len(rows)))
    shown = list_public(net.inputs, settings)
    found: list[SuggestedRow] = []
    for i in select_rows(probabilities, features, most):
        row, origin = rows[i]
        found.append(
            {
                "inputs": format_inputs(row, shown),
                "says": net.labels[int(probabilities[i].argmax())],
                "probability": round(float(probabilities[i].max()), 4),
                **origin,
            }
        )
    return {
        "model": model,
        "version": champion["id"],
        "labels": net.labels,
        "waiting": len(rows),
        "found": found,
    }


def list_public(inputs: Sequence[str], model: Model) -> list[str]:
    """The inputs that are not private values which a model is allowed to read."""
    return [name for name in inputs if name not in model.allow_private]


def list_columns(rows: Sequence[Mapping[str, object]], names: Sequence[str]) -> Columns:
    """Rows as columns of some fields."""
    columns: Columns = {}
    for name in names:
        columns[name] = [row[name] for row in rows]
    return columns


def _unlabelled_rows(
    spec: Spec, catalog: Catalog, model: str, net: Version
) -> list[tuple[Mapping[str, object], RowOrigin]]:
    """Rows of the dataset and requests without a label, each with where it is from."""
    rows = list(_unlabelled_of_dataset(spec, catalog, spec.eco.models[model]))
    for request in read_unlabelled_requests(spec, catalog, model, net):
        origin: RowOrigin = {"prediction": request["id"], "service": request["service"]}
        rows.append((request["input"]["clean"], origin))
    return rows


def _unlabelled_of_dataset(
    spec: Spec, catalog: Catalog, model: Model
) -> Iterator[tuple[Mapping[str, object], RowOrigin]]:
    """The rows of a model's dataset without a label, each with its line."""
    from mesocosm.data.snapshots.delta_tables import read_table

    snapshot = find_version(catalog, model.dataset, "newest")
    table = read_table(locate_project(spec).store / snapshot["path"] / "rows", snapshot["delta"])
    labels = table.column(model.target).to_pylist()
    without = [i for i, label in enumerate(labels) if label is None]
    if without:
        for row in table.take(without).to_pylist():
            yield row, {"file": row["_file"], "line": row["_line"]}


def format_inputs(row: Mapping[str, object], fields: Sequence[str]) -> dict[str, str | None]:
    """Inputs of a row as texts; None where a value is missing."""
    texts: dict[str, str | None] = {}
    for name in fields:
        texts[name] = None
        if row[name] is not None:
            texts[name] = str(row[name])
    return texts


def load_champion(spec: Spec, catalog: Catalog, model: str) -> tuple[VersionRow, Version]:
    """The champion of a classifier: its record, and it loaded.

    Raises:
        ConfigValueError: there is no such model, or it predicts no classes.
        MesocosmError: it has no champion.
    """
    find_model(spec, model)
    champions = [v for v in catalog.versions(model) if v["state"] == "champion"]
    if not champions:
        raise MesocosmError(Message("lifecycle.no_deployed_version", model=model))
    champion = champions[-1]
    task = recorded_task(champion["recipe"])
    if not task.has_class:
        found = Message("lifecycle.no_probabilities", model=model, predicts=task.predicts)
        raise ConfigValueError("", found, Message("lifecycle.a_classifier"))
    return champion, load_row_version(spec, champion)


def read_unlabelled_requests(
    spec: Spec, catalog: Catalog, model: str, net: Version
) -> list[PredictionRow]:
    """The newest requests of a model's services that have no label yet, a service after the
    other.
    """
    requests = []
    for name, service in spec.eco.services.items():
        if service.model == model:
            requests += find_unlabelled(catalog, name, REQUESTS)
    inputs = set(net.inputs)
    return [request for request in requests if inputs <= set(request["input"]["clean"])]


def stack_features(features: Array, block: Array) -> Array:
    """Features of texts and a table's columns side by side (rows, width); the columns are scaled so
    that they do not count more for being many.
    """
    import numpy as np

    return np.hstack([features, block / max(1.0, block.shape[1] ** 0.5)])
