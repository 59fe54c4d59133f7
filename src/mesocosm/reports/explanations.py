"""A logged prediction explained: inputs, words and training rows, with the lines they came from.

Knows the catalog and the doors of data, learning and serving.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import PredictionRow, SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.lifecycle.access.model_access import load_row_version
from mesocosm.lifecycle.project_store import locate_project

if TYPE_CHECKING:
    from mesocosm.learning.evaluation.explanations import RowContributions
    from mesocosm.learning.export.predictor import Version

Row = Mapping[str, object]
BACKGROUND = 32  # training rows that Shapley values are measured against
MOST = 5  # training rows that are named


def explain(spec: Spec, catalog: Catalog, prediction: str) -> dict[str, object]:
    """Why a prediction came out as it did: Shapley values of the inputs, the words that mattered,
    and the training rows that a kernel head weighs most.

    Raises:
        ConfigValueError: no prediction has that id, its model left the file, or its task is not
            explained.
        MesocosmError: its version or its snapshot is gone.
    """
    row = catalog.prediction(prediction)
    if row is None:
        found = Message("reports.no_prediction", id=prediction[:60])
        raise ConfigValueError("", found, Message("reports.printed_id"))
    version, snapshot = _records_behind(catalog, row["version"])
    model = _model_of(spec, version)
    net = load_row_version(spec, version)
    fields = list(dict.fromkeys([*model.features, model.target]))
    columns, split = read_columns(spec, snapshot, fields)
    labels = columns[model.target]
    trained = _list_trained(split, labels)
    background = pick_background(columns, trained, model.features)
    explanation: dict[str, object] = {"prediction": prediction}
    explanation |= _explain_inputs(row, version, model, net, background)
    recipe, label = version["recipe"], str(explanation["label"])
    # where rows were erased since, none can be named
    if recipe["rows"]["train"] - recipe.get("feedback", 0) == len(trained):
        folder = locate_project(spec).store / version["path"]
        weights = _kernel_weights(net, folder, row["input"]["clean"], label)
        if weights:
            explanation["rows"] = _name_rows(spec, snapshot, trained, labels, weights["rows"])
            explanation["score"] = weights["bias"] + sum(weights["rows"])
    return explanation


def _list_trained(split: Sequence[str], labels: Sequence[object]) -> list[int]:
    """The training rows that have a label."""
    return [i for i, part in enumerate(split) if part == "train" and labels[i] is not None]


def _explain_inputs(
    row: PredictionRow, version: VersionRow, model: Model, net: Version, background: list[Row]
) -> dict[str, object]:
    """The share of each input in a prediction, and the words that mattered."""
    from mesocosm.learning.evaluation.explanations import shapley_values, word_importance

    clean = row["input"]["clean"]
    label = recorded_task(version["recipe"]).explained_label(row["output"])
    texts = [name for name in net.card["texts"] if name not in model.allow_private]
    return {
        "service": row["service"],
        "version": version["id"],
        "label": label,
        "number": net.scale is not None,
        **shapley_values(net, clean, background, label),
        "words": word_importance(net, clean, label, texts),
    }


def _records_behind(catalog: Catalog, ident: str) -> tuple[VersionRow, SnapshotRow]:
    """The records of a version and of the snapshot that it was trained on.

    Raises:
        MesocosmError: one of them is gone.
    """
    version, snapshot = catalog.version(ident), None
    if version:
        snapshot = catalog.snapshot(version["snapshot"])
    if not version or not snapshot:
        raise MesocosmError(Message("reports.no_version_behind"))
    return version, snapshot


def _model_of(spec: Spec, version: VersionRow) -> Model:
    """The settings of a version's model.

    Raises:
        ConfigValueError: it left the file, or its predictions are no sum over inputs.
    """
    name, task = version["model"], recorded_task(version["recipe"])
    model = spec.eco.models.get(name)
    if model is None:
        found = Message("reports.model_left", name=name)
        raise ConfigValueError("", found, Message("reports.model_in_file"))
    if not task.explains:
        raise ConfigValueError(
            "",
            Message("reports.no_sum", name=name, what=task.no_sum),
            Message("reports.trace_instead"),
        )
    return model


def pick_background(
    columns: Mapping[str, Sequence[object]], rows: Sequence[int], inputs: Sequence[str]
) -> list[Row]:
    """Some rows, evenly spread, that Shapley values are measured against; at most `BACKGROUND`."""
    step = max(1, len(rows) // BACKGROUND)
    return [_pick_row(columns, inputs, i) for i in rows[::step][:BACKGROUND]]


def _pick_row(columns: Mapping[str, Sequence[object]], inputs: Sequence[str], at: int) -> Row:
    return {name: columns[name][at] for name in inputs}


def _kernel_weights(net: Version, folder: Path, clean: Row, label: str) -> RowContributions | None:
    """What each training row adds to the score, where the head is a kernel's; None otherwise."""
    from mesocosm.learning.evaluation.explanations import training_row_contributions

    return training_row_contributions(net, folder / "head.onnx", clean, label)


def _name_rows(
    spec: Spec,
    snapshot: SnapshotRow,
    trained: Sequence[int],
    labels: Sequence[object],
    weights: Sequence[float],
) -> list[dict[str, object]]:
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
