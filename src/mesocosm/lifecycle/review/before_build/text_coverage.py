"""Whether the base models of a plan can read the texts they would be trained on, before anything is
trained.

Knows sources, snapshots and a base's tokenizer. Reads local files of moderate size and bases that
are on this machine; builds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.data.sources.path_utils import quote
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.lifecycle.content_cache import run_once
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.local_files import describe_files, is_settled, is_small
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.review.before_build.read_sources import ReadSources, read_sources

if TYPE_CHECKING:
    import duckdb

    from mesocosm.catalog import Catalog
    from mesocosm.catalog.rows import SnapshotRow
    from mesocosm.data.dataset import Dataset
    from mesocosm.lifecycle.plan import Change

TEXTS = 2000  # texts of each field that are read


def check_reading(spec: Spec, catalog: Catalog, changes: Sequence[Change]) -> dict[str, list[str]]:
    """By address of each model that would be trained: what its base model truncates or does not
    know of its texts, as sentences.
    """
    trained = [change for change in changes if change.trains_model()]
    with read_sources(spec) as sources:
        found = {c.address: _check_change(sources, catalog, c, changes) for c in trained}
    return {address: sentences for address, sentences in found.items() if sentences}


def check_files(sources: ReadSources) -> dict[str, list[str]]:
    """By address of each model whose dataset is to be built from small local files: what its base
    model truncates or does not know of their texts, as sentences.
    """
    spec = sources.spec
    found = {}
    for name, model in spec.eco.models.items():
        if model.dataset not in spec.eco.datasets or is_settled(spec, model.dataset):
            continue
        about: list[object] = ["check", describe_files(spec, model.dataset), model]
        look = partial(_check_model, sources, None, model, False)
        found[f"models.{name}"] = _try_check(spec, about, look)
    return {address: sentences for address, sentences in found.items() if sentences}


def _check_change(
    sources: ReadSources, catalog: Catalog, change: Change, changes: Sequence[Change]
) -> list[str]:
    """What the base model of a model that would be trained truncates or does not know."""
    spec = sources.spec
    resource, fingerprints = change.built
    model = spec.eco.models[resource.name]
    data = _find_change(changes, f"datasets.{model.dataset}")
    is_built = data.sign == "="  # then its snapshot is read, else its sources
    about: list[object] = ["texts", is_built, fingerprints.build, data.built[1].build]
    return _try_check(spec, about, partial(_check_model, sources, catalog, model, is_built))


def _find_change(changes: Sequence[Change], address: str) -> Change:
    return next(change for change in changes if change.address == address)


def _try_check(spec: Spec, about: list[object], look: Callable[[], list[str]]) -> list[str]:
    """The result of a check, kept where there is a store; nothing where it fails, as the build
    reports what is wrong.
    """
    store = locate_project(spec).store
    try:
        return run_once(store, about, look) if store.is_dir() else look()
    except MesocosmError:
        return []


def _check_model(
    sources: ReadSources, catalog: Catalog | None, model: Model, is_built: bool
) -> list[str]:
    """What the base model of a model truncates or does not know, as sentences."""
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.base_models.base import is_causal, locate_base
    from mesocosm.learning.base_models.language_coverage import measure_coverage

    spec = sources.spec
    base, data = _local_base(spec, model), resolve_datasets(spec).get(model.dataset)
    if not base or data is None:
        return []
    fields = _text_fields(data, model)
    if not fields:
        return []
    folder, licence = locate_base(base, spec.root)
    if not (folder / "tokenizer.json").is_file():
        return []
    texts = _read_texts(sources, catalog, model.dataset, fields, is_built)
    located = Base(base, folder, licence, "", is_causal(base, folder))
    return [str(warning) for warning in measure_coverage(texts, located, model.max_length)[1]]


def _text_fields(data: Dataset, model: Model) -> list[str]:
    """The inputs and the target of a model that are texts."""
    names = (*model.features, model.target)
    return [name for name in names if name in data.fields and data.fields[name].role == "text"]


def _read_texts(
    sources: ReadSources,
    catalog: Catalog | None,
    dataset: str,
    fields: Sequence[str],
    is_built: bool,
) -> list[str]:
    """The first texts of some fields: of the snapshot where the dataset is built, else of small
    sources.
    """
    spec, snapshot = sources.spec, None
    if catalog and is_built:
        snapshot = catalog.snapshot(dataset=dataset)
    if snapshot:
        return _read_snapshot(spec, snapshot, fields)
    if not is_small(spec, dataset):
        return []
    kinds = resolve_datasets(spec)[dataset].fields
    columns = {str(getattr(kinds[name], "column", None) or name) for name in fields}
    return _at_source(sources, dataset, columns)


def _local_base(spec: Spec, model: Model) -> str:
    """The base model whose tokenizer is kept, where it is on this machine; empty otherwise."""
    from mesocosm.learning.base_models.base import is_local_base

    base = model.base
    if not isinstance(base, str) or base == AUTO or _makes_tokenizer(model):
        return ""
    if not is_local_base(base, spec.root):
        return ""
    return base


def _makes_tokenizer(model: Model) -> bool:
    """Whether a model is pretrained from scratch, with a tokenizer of its own."""
    return bool(model.pretrain and model.pretrain.from_scratch)


def _read_snapshot(spec: Spec, snapshot: SnapshotRow, fields: Sequence[str]) -> list[str]:
    """The first texts of fields of a snapshot."""
    from mesocosm.lifecycle.access.data_access import read_columns

    texts: list[str] = []
    for column in read_columns(spec, snapshot, fields)[0].values():
        texts += [str(text) for text in column[:TEXTS] if text]
    return texts


def _at_source(sources: ReadSources, name: str, columns: set[str]) -> list[str]:
    """The first texts of columns, in whichever source of a dataset has them."""
    data, texts = resolve_datasets(sources.spec)[name], list[str]()
    accepted = columns | {c.split(".", 1)[1] for c in columns if "." in c}
    with sources.of_dataset(name) as read:
        for source in data.source.sources:
            texts += _read_columns(read.con, quote("src_" + source), accepted)
    return texts


def _read_columns(con: duckdb.DuckDBPyConnection, table: str, accepted: set[str]) -> Iterator[str]:
    """The first texts of a table's columns of some names; what is no text is left out."""
    import duckdb

    described = [str(row[0]) for row in con.execute(f"describe {table}").fetchall()]
    for column in filter(accepted.__contains__, described):
        try:
            rows = con.execute(
                f"select {quote(column)}::varchar from {table} where {quote(column)}"
                f" is not null limit {TEXTS}"
            ).fetchall()
        except duckdb.Error:
            continue
        yield from (str(row[0]) for row in rows)
