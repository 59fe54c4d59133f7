"""A logged prediction explained: inputs, words and training rows, with the lines they came from.

Knows the catalog and the doors of govern, learn and operate.
"""

from __future__ import annotations

from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Wrong
from mesocosm.lifecycle.access.data_access import columns_of
from mesocosm.lifecycle.access.model_access import net_of
from mesocosm.lifecycle.project_store import where_of

BACKGROUND = 32
MOST = 5


def explain(spec: Spec, catalog: Catalog, prediction: str) -> dict[str, Any]:
    """Why a prediction came out as it did.

    Raises:
        Wrong: no prediction has that id, or its model left the file.
        Failure: its version or its snapshot is gone.
    """
    from mesocosm.data.snapshots.delta_tables import read_table
    from mesocosm.learning.evaluation.explanations import (
        shapley_values,
        training_row_contributions,
        word_importance,
    )

    row = catalog.prediction(prediction)
    if row is None:
        raise Wrong(
            "", f"no prediction has the id '{prediction[:60]}'", "an id that predict printed"
        )
    version = catalog.version(row["version"])
    snapshot = catalog.snapshot(version["snapshot"]) if version else None
    if version is None or snapshot is None:
        raise Failure("the version or the snapshot behind this prediction is gone")
    model = spec.eco.models.get(version["model"])
    if model is None:
        raise Wrong(
            "",
            f"the model '{version['model']}' left the file",
            "a prediction of a model that is in it",
        )
    store = where_of(spec).store
    folder = store / version["path"]
    if version["recipe"].get("task"):
        what = {
            "text": "writes, and what it wrote",
            "tags": "tags, and each word's tag",
            "ranking": "ranks, and each item that it named",
        }.get(version["recipe"]["task"], "finds, and what it found")
        raise Wrong(
            "",
            f"'{version['model']}' {what} is no sum over inputs or rows",
            "'mesocosm trace' for where it learnt, or a prediction of classes or a number",
        )
    net = net_of(spec, version)
    columns, split = columns_of(spec, snapshot, list(dict.fromkeys([*model.inputs, model.predict])))
    taught = [
        i for i, s in enumerate(split) if s == "train" and columns[model.predict][i] is not None
    ]
    step = max(1, len(taught) // BACKGROUND)
    background = [{n: columns[n][i] for n in model.inputs} for i in taught[::step][:BACKGROUND]]
    clean, label = row["input"]["clean"], str(row["output"]["label"])
    if net.says == "labels":  # the surest of those said, or the likeliest where none is
        label = max(row["output"]["probabilities"], key=row["output"]["probabilities"].get)
    found: dict[str, Any] = {
        "prediction": prediction,
        "service": row["service"],
        "version": version["id"],
        "label": label,
        "number": net.scale is not None,
        **shapley_values(net, clean, background, label),
    }
    found["words"] = word_importance(
        net, clean, label, [n for n in net.card["texts"] if n not in model.reveal]
    )
    kernel = training_row_contributions(net, folder / "head.onnx", clean, label)
    whole = version["recipe"]["rows"]["train"] - version["recipe"].get("feedback", 0) == len(
        taught
    )  # else rows were erased since, and none can be named
    if kernel and whole:
        table = read_table(
            store / snapshot["path"] / "rows", snapshot["delta"], "_row, _file, _line"
        )
        files, lines = table.column("_file").to_pylist(), table.column("_line").to_pylist()
        first = sorted(range(len(taught)), key=lambda i: -abs(kernel["rows"][i]))[:MOST]
        found["rows"] = [
            {
                "file": files[taught[i]],
                "line": lines[taught[i]],
                "label": str(columns[model.predict][taught[i]]),
                "share": kernel["rows"][i],
            }
            for i in first
        ]
        found["score"] = kernel["bias"] + sum(kernel["rows"])
    return found
