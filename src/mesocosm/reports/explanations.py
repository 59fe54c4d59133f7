"""A logged prediction explained: inputs, words and training rows, with the lines they came from.

Knows the catalog and the doors of data, learning and serving.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.lifecycle.access.model_access import load_version
from mesocosm.lifecycle.project_store import locate_project

if TYPE_CHECKING:
    from mesocosm.learning.evaluation.explanations import RowContributions

BACKGROUND = 32  # training rows that Shapley values are measured against
MOST = 5  # training rows that are named


def explain(spec: Spec, catalog: Catalog, prediction: str) -> dict[str, Any]:
    """Why a prediction came out as it did: Shapley values of the inputs, the words that mattered,
    and the training rows that a kernel head weighs most.

    Raises:
        ConfigValueError: no prediction has that id, its model left the file, or its task is not
            explained.
        MesocosmError: its version or its snapshot is gone.
    """
    from mesocosm.learning.evaluation.explanations import shapley_values, word_importance

    row = catalog.prediction(prediction)
    if row is None:
        found = f"no prediction has the id '{prediction[:60]}'"
        raise ConfigValueError("", found, "an id that predict printed")
    version, snapshot = _records_behind(catalog, row["version"])
    model = _model_of(spec, version)
    net = load_version(spec, version)
    fields = list(dict.fromkeys([*model.features, model.target]))
    columns, split = read_columns(spec, snapshot, fields)
    labels = columns[model.target]
    trained = [i for i, part in enumerate(split) if part == "train" and labels[i] is not None]
    background = pick_background(columns, trained, model.features)
    clean = row["input"]["clean"]
    label = recorded_task(version["recipe"]).explained_label(row["output"])
    explanation: dict[str, Any] = {
        "prediction": prediction,
        "service": row["service"],
        "version": version["id"],
        "label": label,
        "number": net.scale is not None,
        **shapley_values(net, clean, background, label),
    }
    texts = [name for name in net.card["texts"] if name not in model.allow_private]
    explanation["words"] = word_importance(net, clean, label, texts)
    recipe = version["recipe"]
    # where rows were erased since, none can be named
    if recipe["rows"]["train"] - recipe.get("feedback", 0) == len(trained):
        folder = locate_project(spec).store / version["path"]
        weights = _kernel_weights(net, folder, clean, label)
        if weights:
            explanation["rows"] = _name_rows(spec, snapshot, trained, labels, weights["rows"])
            explanation["score"] = weights["bias"] + sum(weights["rows"])
    return explanation


def _records_behind(catalog: Catalog, ident: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The records of a version and of the snapshot that it was trained on.

    Raises:
        MesocosmError: one of them is gone.
    """
    version = catalog.version(ident)
    snapshot = version and catalog.snapshot(version["snapshot"])
    if not version or not snapshot:
        raise MesocosmError("the version or the snapshot behind this prediction is gone")
    return version, snapshot


def _model_of(spec: Spec, version: Mapping[str, Any]) -> Model:
    """The settings of a version's model.

    Raises:
        ConfigValueError: it left the file, or its predictions are no sum over inputs.
    """
    name, task = version["model"], recorded_task(version["recipe"])
    model = spec.eco.models.get(name)
    if model is None:
        found = f"the model '{name}' left the file"
        raise ConfigValueError("", found, "a prediction of a model that is in it")
    if not task.explains:
        raise ConfigValueError(
            "",
            f"'{name}' {task.no_sum} is no sum over inputs or rows",
            "'mesocosm trace' for what it was trained on, or a prediction of classes or a number",
        )
    return model


def pick_background(
    columns: Mapping[str, Sequence[Any]], rows: Sequence[int], inputs: Sequence[str]
) -> list[dict[str, Any]]:
    """Some rows, evenly spread, that Shapley values are measured against; at most `BACKGROUND`."""
    step = max(1, len(rows) // BACKGROUND)
    return [{name: columns[name][i] for name in inputs} for i in rows[::step][:BACKGROUND]]


def _kernel_weights(
    net: Any, folder: Path, clean: Mapping[str, Any], label: str
) -> RowContributions | None:
    """What each training row adds to the score, where the head is a kernel's; None otherwise."""
    from mesocosm.learning.evaluation.explanations import training_row_contributions

    return training_row_contributions(net, folder / "head.onnx", clean, label) or None


def _name_rows(
    spec: Spec,
    snapshot: Mapping[str, Any],
    trained: Sequence[int],
    labels: Sequence[Any],
    weights: Sequence[float],
) -> list[dict[str, Any]]:
    """The training rows of the largest weights, with their file and line."""
    from mesocosm.data.snapshots.delta_tables import read_table

    path = locate_project(spec).store / snapshot["path"] / "rows"
    table = read_table(path, snapshot["delta"], "_row, _file, _line")
    files, lines = table.column("_file").to_pylist(), table.column("_line").to_pylist()
    largest = sorted(range(len(trained)), key=lambda i: -abs(weights[i]))[:MOST]
    return [
        {
            "file": files[trained[i]],
            "line": lines[trained[i]],
            "label": str(labels[trained[i]]),
            "share": weights[i],
        }
        for i in largest
    ]
