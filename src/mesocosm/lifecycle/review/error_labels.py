"""Rows that a person should label, so that errors of a dataset are found by learning."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.cleaning.repairs.label_file import write_labels
from mesocosm.data.engines.bounded_duckdb import open_engine
from mesocosm.data.pipeline import recipe

LEAST_FIELDS = 2


def choose_labels(spec: Spec, dataset: str, out: Path, count: int) -> int:
    """Write the rows to label to a new file; returns how many there are.

    Raises:
        MesocosmError: the file is there already, or fewer than two fields are not private.
    """
    data = spec.eco.datasets[dataset]
    if out.exists():
        raise MesocosmError(Message("lifecycle.labels_exist", file=str(out)))
    public = {name: field for name, field in data.fields.items() if not field.private}
    columns = recipe.columns_of(public)
    if len(columns) < LEAST_FIELDS:
        raise MesocosmError(Message("lifecycle.labels_without_fields", dataset=dataset))
    with tempfile.TemporaryDirectory() as folder:
        where = ProjectPaths(spec.root, Path(folder))
        with open_engine(where.store) as con:
            for source in data.lead_sources:
                spec.eco.sources[source].collect(where, con, f"src_{source}")
            content, rows = write_labels(con, data.lead_sources, dict(columns), count)
    out.write_text(content, encoding="utf-8")
    return rows
