"""Labels of a model: doubtful ones with the line of their source, and rows that are worth labelling
next.

Knows the catalog and the doors of data and learning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.catalog import Catalog, find_unlabelled
from mesocosm.catalog.rows import PredictionRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import find_task, recorded_task
from mesocosm.learning.tasks.task import TargetFacts
from mesocosm.lifecycle.access.data_access import read_field_types, read_group_field, to_doubles
from mesocosm.lifecycle.access.dataset_history import find_version
from mesocosm.lifecycle.access.model_access import load_version
from mesocosm.lifecycle.project_store import locate_project

REQUESTS = 2000  # logged requests of a service that are read


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


def find_doubtful_labels(spec: Spec, catalog: Catalog, model: str) -> dict[str, Any]:
    """Rows of the training and validation splits whose label the others contradict.

    Raises:
        ConfigValueError: there is no such model, or it predicts no classes.
        MesocosmError: its dataset was not built, or has too many rows.
    """
    from mesocosm.data.snapshots.delta_tables import read_table
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import embed_texts
    from mesocosm.learning.strategies.label_quality import MAX_ROWS, find_label_errors

    settings, store = find_model(spec, model), locate_project(spec).store
    snapshot = find_version(catalog, settings.dataset, "newest")
    path = store / snapshot["path"] / "rows"
    table = read_table(path, snapshot["delta"], where="_split in ('train', 'validation')")
    if table.num_rows > MAX_ROWS:
        raise MesocosmError(
            Message("lifecycle.too_many_rows_for_labels", rows=table.num_rows, most=MAX_ROWS)
        )
    kinds = read_field_types(snapshot)
    _check_has_classes(model, settings, kinds)
    labels = table.column(settings.target).to_pylist()
    table = table.take([i for i, label in enumerate(labels) if label is not None])
    fields = dict.fromkeys([*settings.features, settings.target])
    rows = {name: to_doubles(table.column(name)) for name in fields}
    texts = [name for name in settings.features if kinds[name] == "text"]
    vectors = None
    if texts:
        base = resolve(str(settings.base or "minilm"), spec.root)
        vectors = embed_texts(base, _join_texts(rows, texts, table.num_rows), 128, store)
    group, groups = read_group_field(snapshot), []
    if group:
        groups = table.column(group).to_pylist()
    found = find_label_errors(
        rows, list(settings.features), settings.target, texts, vectors, groups=groups
    )
    files, lines = table.column("_file").to_pylist(), table.column("_line").to_pylist()
    return {
        "model": model,
        "dataset": settings.dataset,
        "version": snapshot["id"],
        "rows": table.num_rows,
        "found": [
            doubt | {"file": files[doubt["index"]], "line": lines[doubt["index"]]}
            for doubt in found
        ],
    }


def _check_has_classes(name: str, model: Model, kinds: Mapping[str, str]) -> None:
    """Refuse a model whose rows do not have one class each."""
    kind = kinds[model.target]
    task = find_task(model, TargetFacts(kind))
    if task is None or not task.has_class:
        found = Message("lifecycle.not_one_class", name=name, kind=kind)
        raise ConfigValueError("", found, Message("lifecycle.a_classifier"))


def _join_texts(rows: Mapping[str, Sequence[Any]], fields: Sequence[str], count: int) -> list[str]:
    return [" ".join(str(rows[name][i] or "") for name in fields) for i in range(count)]


def suggest_labelling(spec: Spec, catalog: Catalog, model: str, most: int = 20) -> dict[str, Any]:
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
    columns = {name: [row[name] for row, _ in rows] for name in net.inputs}
    probabilities = net.outputs(columns, len(rows))
    features = stack_features(*net.features(columns, len(rows)))
    shown = [name for name in net.inputs if name not in settings.allow_private]
    found = []
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


def _unlabelled_rows(
    spec: Spec, catalog: Catalog, model: str, net: Any
) -> list[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Rows of the dataset and requests without a label, each with where it is from."""
    from mesocosm.data.snapshots.delta_tables import read_table

    settings = spec.eco.models[model]
    snapshot = find_version(catalog, settings.dataset, "newest")
    table = read_table(locate_project(spec).store / snapshot["path"] / "rows", snapshot["delta"])
    labels = table.column(settings.target).to_pylist()
    without = [i for i, label in enumerate(labels) if label is None]
    rows: list[tuple[Mapping[str, Any], dict[str, Any]]] = []
    if without:
        for row in table.take(without).to_pylist():
            rows.append((row, {"file": row["_file"], "line": row["_line"]}))
    for request in read_unlabelled_requests(spec, catalog, model, net):
        origin = {"prediction": request["id"], "service": request["service"]}
        rows.append((request["input"]["clean"], origin))
    return rows


def format_inputs(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, str | None]:
    """Inputs of a row as texts; None where a value is missing."""
    texts: dict[str, str | None] = {}
    for name in fields:
        texts[name] = None
        if row[name] is not None:
            texts[name] = str(row[name])
    return texts


def load_champion(spec: Spec, catalog: Catalog, model: str) -> tuple[VersionRow, Any]:
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
    return champion, load_version(spec, champion)


def read_unlabelled_requests(
    spec: Spec, catalog: Catalog, model: str, net: Any
) -> list[PredictionRow]:
    """The newest requests of a model's services that have no label yet, a service after the
    other.
    """
    requests = []
    for name, service in spec.eco.services.items():
        if service.model == model:
            requests += [
                request
                for request in find_unlabelled(catalog, name, REQUESTS)
                if set(net.inputs) <= set(request["input"]["clean"])
            ]
    return requests


def stack_features(features: Any, block: Any) -> Any:
    """Features of texts and a table's columns side by side (rows, width); the columns are scaled so
    that they do not count more for being many.
    """
    import numpy as np

    return np.hstack([features, block / max(1.0, block.shape[1] ** 0.5)])
