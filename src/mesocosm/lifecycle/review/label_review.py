"""Labels of a model: doubtful ones with the line of their source, and rows that are worth labelling
next.

Knows the catalog and the doors of govern and learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.catalog import Catalog, find_unlabelled
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Wrong
from mesocosm.lifecycle.access.data_access import doubles, group_of, kinds_of
from mesocosm.lifecycle.access.dataset_history import version_of
from mesocosm.lifecycle.access.model_access import net_of
from mesocosm.lifecycle.project_store import where_of


def doubtful_labels(spec: Spec, catalog: Catalog, model: str) -> dict[str, Any]:
    """Rows of the training part whose label the others contradict.

    Raises:
        Wrong: there is no such model.
        Failure: its dataset was not built, or has too many rows.
    """
    from mesocosm.data.snapshots.delta_tables import read_table
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import features
    from mesocosm.learning.strategies.label_quality import MOST_ROWS, doubtful

    if model not in spec.eco.models:
        raise Wrong(
            "",
            f"no model is named '{model[:60]}'",
            "a model of the file",
            sorted(spec.eco.models),
            model,
        )
    said = spec.eco.models[model]
    snapshot = version_of(catalog, said.learns, "newest")
    store = where_of(spec).store
    table = read_table(
        store / snapshot["path"] / "rows",
        snapshot["delta"],
        where="_split in ('train', 'validation')",
    )
    if table.num_rows > MOST_ROWS:
        raise Failure(
            f"{table.num_rows} rows are too many to look for doubtful labels; at most {MOST_ROWS}"
        )
    kinds = kinds_of(snapshot)
    if said.rank or kinds[said.predict] in ("number", "integer", "text", "list", "tags"):
        raise Wrong(
            "",
            f"'{model}' predicts a {kinds[said.predict]}, whose rows have not one label each to"
            " doubt",
            "a model of classes",
        )
    keep = [i for i, v in enumerate(table.column(said.predict).to_pylist()) if v is not None]
    table = table.take(keep)
    texts = [f for f in said.inputs if kinds[f] == "text"]
    rows = {f: doubles(table.column(f)) for f in dict.fromkeys([*said.inputs, said.predict])}
    joined = [" ".join(str(rows[f][i] or "") for f in texts) for i in range(table.num_rows)]
    vectors = (
        features(resolve(str(said.base or "minilm"), spec.root), joined, 128, store)
        if texts
        else None
    )
    found = doubtful(
        rows,
        list(said.inputs),
        said.predict,
        texts,
        vectors,
        groups=table.column(group).to_pylist() if (group := group_of(snapshot)) else [],
    )
    files, lines = table.column("_file").to_pylist(), table.column("_line").to_pylist()
    return {
        "model": model,
        "dataset": said.learns,
        "version": snapshot["id"],
        "rows": table.num_rows,
        "found": [f | {"file": files[f["index"]], "line": lines[f["index"]]} for f in found],
    }


REQUESTS = 2000  # logged requests that are looked at


def worth_labelling(spec: Spec, catalog: Catalog, model: str, most: int = 20) -> dict[str, Any]:
    """Rows without a label that would teach a model most: of its dataset, and requests of its
    services without feedback.

    Returns:
        `found`: each with `inputs` (revealed private ones left out), what the model `says` with
            which `probability`, and where it is
        from: `prediction` (an id that `feedback` takes) with its `service`, or `file` and `line`.

    Raises:
        Wrong: there is no such model, or it predicts a number.
        Failure: it was not built, or no row is without a label.
    """

    from mesocosm.data.snapshots.delta_tables import read_table
    from mesocosm.learning.strategies.active_learning import pick

    champion, net = champion_of(spec, catalog, model)
    said, store = spec.eco.models[model], where_of(spec).store
    snapshot = version_of(catalog, said.learns, "newest")
    table = read_table(store / snapshot["path"] / "rows", snapshot["delta"])
    bare = [i for i, v in enumerate(table.column(said.predict).to_pylist()) if v is None]
    rows: list[tuple[Mapping[str, Any], dict[str, Any]]] = (
        [
            (row, {"file": row["_file"], "line": row["_line"]})
            for row in table.take(bare).to_pylist()
        ]
        if bare
        else []
    )
    rows += [
        (p["input"]["clean"], {"prediction": p["id"], "service": p["service"]})
        for p in waiting(spec, catalog, model, net)
    ]
    if not rows:
        raise Failure(f"every row of '{said.learns}' has its label, and no request waits for one")
    columns = {n: [row[n] for row, _ in rows] for n in net.inputs}
    p = net.outputs(columns, len(rows))
    shown = [n for n in net.inputs if n not in said.reveal]
    found = []
    for i in pick(p, beside(*net.features(columns, len(rows))), most):
        row, where = rows[i]
        found.append(
            {
                "inputs": {n: str(row[n]) if row[n] is not None else None for n in shown},
                "says": net.labels[int(p[i].argmax())],
                "probability": round(float(p[i].max()), 4),
                **where,
            }
        )
    return {
        "model": model,
        "version": champion["id"],
        "labels": net.labels,
        "waiting": len(rows),
        "found": found,
    }


def champion_of(spec: Spec, catalog: Catalog, model: str) -> tuple[dict[str, Any], Any]:
    """The version of a model of classes that serves, and it loaded.

    Raises:
        Wrong: there is no such model, or it predicts no classes.
        Failure: no version is in service.
    """
    if model not in spec.eco.models:
        raise Wrong(
            "",
            f"no model is named '{model[:60]}'",
            "a model of the file",
            sorted(spec.eco.models),
            model,
        )
    champions = [v for v in catalog.versions(model) if v["state"] == "champion"]
    if not champions:
        raise Failure(f"the model '{model}' has no version in service; run 'mesocosm build'")
    if champions[-1]["recipe"].get("task"):
        raise Wrong(
            "",
            f"'{model}' predicts a text, of which no row is unsure in this way",
            "a model of classes",
        )
    net = net_of(spec, champions[-1])
    if net.says != "classes":
        raise Wrong(
            "",
            f"'{model}' predicts {'a number' if net.says == 'number' else 'several labels'}, of"
            " which no row is unsure in this way",
            "a model of classes",
        )
    return champions[-1], net


def waiting(spec: Spec, catalog: Catalog, model: str, net: Any) -> list[dict[str, Any]]:
    """The newest requests of a model's services that no label came back for, a service after the
    other.
    """
    found = []
    for name, service in spec.eco.services.items():
        if service.serves == model:
            found += [
                p
                for p in find_unlabelled(catalog, name, REQUESTS)
                if set(net.inputs) <= set(p["input"]["clean"])
            ]
    return found


def beside(features: Any, block: Any) -> Any:
    """Features of texts and a table's columns side by side (rows, width), neither louder for having
    more columns.
    """
    import numpy as np

    return np.hstack([features, block / max(1.0, block.shape[1] ** 0.5)])
