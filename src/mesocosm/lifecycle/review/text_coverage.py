"""Whether the base models of a plan can read the texts they would be trained on, before anything is
trained.

Knows sources, snapshots and a base's tokenizer. Reads local files of moderate size and bases that
are on this machine; builds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.lifecycle.content_cache import run_once
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.local_files import is_small
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import locate_project

TEXTS = 2000  # texts of each field that are read


def check_reading(spec: Spec, catalog: Catalog, changes: Sequence[Change]) -> dict[str, list[str]]:
    """By address of each model that would be trained: what its base model truncates or does not
    know of its texts, as sentences.
    """
    unchanged = {change.address for change in changes if change.sign == "="}
    made = {c.address: c.fingerprints.build for c in changes if c.fingerprints}
    warnings: dict[str, list[str]] = {}
    for change in changes:
        if change.resource is None or not change.trains_model():
            continue
        model = spec.eco.models[change.resource.name]
        dataset = f"datasets.{model.dataset}"
        is_built = dataset in unchanged  # then its snapshot is read, else its sources
        about = ["texts", is_built, made.get(change.address), made.get(dataset)]
        look = partial(_check_model, spec, catalog, model, is_built)
        try:
            found = run_once(locate_project(spec).store, about, look)
        except MesocosmError:  # the build reports what is wrong, with its place
            continue
        if found:
            warnings[change.address] = found
    return warnings


def _check_model(spec: Spec, catalog: Catalog, model: Model, is_built: bool) -> list[str]:
    """What the base model of a model truncates or does not know, as sentences."""
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.base_models.base import locate_base
    from mesocosm.learning.base_models.language_coverage import measure_coverage

    base, data = _local_base(spec, model), resolve_datasets(spec).get(model.dataset)
    if not base or data is None:
        return []
    texts_of_file = [name for name, field in data.fields.items() if field.role == "text"]
    fields = [name for name in (*model.features, model.target) if name in texts_of_file]
    if not fields:
        return []
    folder, licence = locate_base(base, spec.root)
    if not (folder / "tokenizer.json").is_file():
        return []
    texts: list[str] = []
    snapshot = catalog.snapshot(dataset=model.dataset)
    if snapshot and is_built:
        texts = _read_snapshot(spec, snapshot, fields)
    elif is_small(spec, model.dataset):
        columns = {str(getattr(data.fields[name], "column", None) or name) for name in fields}
        texts = _at_source(spec, model.dataset, columns)
    return measure_coverage(texts, Base(base, folder, licence, ""), model.max_length)[1]


def _local_base(spec: Spec, model: Model) -> str:
    """The base model whose tokenizer is kept, where it is on this machine; empty otherwise."""
    from mesocosm.learning.base_models.base import is_local_base

    base = model.base
    if not isinstance(base, str) or base == AUTO or not is_local_base(base, spec.root):
        return ""
    if model.pretrain and model.pretrain.from_scratch:
        return ""
    return base


def _read_snapshot(spec: Spec, snapshot: Mapping[str, Any], fields: Sequence[str]) -> list[str]:
    """The first texts of fields of a snapshot."""
    from mesocosm.lifecycle.access.data_access import read_columns

    texts: list[str] = []
    for column in read_columns(spec, snapshot, fields)[0].values():
        texts += [str(text) for text in column[:TEXTS] if text]
    return texts


def _at_source(spec: Spec, name: str, columns: set[str]) -> list[str]:
    """The first texts of columns, in whichever source of a dataset has them."""
    import duckdb

    from mesocosm.data.engines.bounded_duckdb import open_engine
    from mesocosm.data.sources.path_utils import quote

    where, data = locate_project(spec), resolve_datasets(spec)[name]
    texts: list[str] = []
    accepted = columns | {c.split(".", 1)[1] for c in columns if "." in c}
    with open_engine(where.store, with_functions=False) as con:
        for number, source in enumerate(data.source.sources):
            spec.eco.sources[source].collect(where, con, f"ahead_{number}")
            described: list[Any] = con.execute(f"describe ahead_{number}").fetchall()
            for column in (str(row[0]) for row in described if str(row[0]) in accepted):
                try:
                    rows = con.execute(
                        f"select {quote(column)}::varchar from ahead_{number} where {quote(column)}"
                        f" is not null limit {TEXTS}"
                    ).fetchall()
                except duckdb.Error:
                    continue
                texts += [str(row[0]) for row in rows]
    return texts
