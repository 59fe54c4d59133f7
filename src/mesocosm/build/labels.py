"""Doubtful labels of a model's training set, each with the line of its source.

Knows the catalog and the doors of govern and learn.
"""

from __future__ import annotations

from typing import Any

from mesocosm.base.errors import Failure, Wrong
from mesocosm.build.graph import where_of
from mesocosm.build.history import version_of
from mesocosm.build.wiring import kinds_of
from mesocosm.catalog import Catalog
from mesocosm.spec import Spec


def doubtful_labels(spec: Spec, catalog: Catalog, model: str) -> dict[str, Any]:
    """Rows of the training part whose label the others contradict.

    Raises:
        Wrong: there is no such model.
        Failure: its dataset was not built, or has too many rows.
    """
    from mesocosm.govern.snapshot import read_table
    from mesocosm.learn.bases import resolve
    from mesocosm.learn.encode import features
    from mesocosm.learn.labels import MOST_ROWS, doubtful

    if model not in spec.eco.models:
        raise Wrong("", f"no model is named '{model[:60]}'", "a model of the file", sorted(spec.eco.models), model)
    said = spec.eco.models[model]
    snapshot = version_of(catalog, said.learns, "newest")
    store = where_of(spec).store
    table = read_table(store / snapshot["path"] / "rows", snapshot["delta"], where="_split in ('train', 'validation')")
    if table.num_rows > MOST_ROWS:
        raise Failure(f"{table.num_rows} rows are too many to look for doubtful labels; at most {MOST_ROWS}")
    kinds = kinds_of(snapshot)
    if kinds[said.predict] in ("number", "integer"):
        raise Wrong("", f"'{model}' predicts a number, which has no labels to doubt", "a model of classes")
    keep = [i for i, v in enumerate(table.column(said.predict).to_pylist()) if v is not None]
    table = table.take(keep)
    texts = [f for f in said.inputs if kinds[f] == "text"]
    rows = {f: table.column(f).to_pylist() for f in dict.fromkeys([*said.inputs, said.predict])}
    joined = [" ".join(str(rows[f][i] or "") for f in texts) for i in range(table.num_rows)]
    vectors = features(resolve(said.base or "minilm", spec.root), joined, 128, store) if texts else None
    found = doubtful(rows, list(said.inputs), said.predict, texts, vectors)
    files, lines = table.column("_file").to_pylist(), table.column("_line").to_pylist()
    return {"model": model, "dataset": said.learns, "version": snapshot["id"], "rows": table.num_rows, "found": [f | {"file": files[f["index"]], "line": lines[f["index"]]} for f in found]}
