"""Datasets that read datasets: their order, and the rows of one as a source of another.

Knows the file and the catalog's newest snapshots. Builds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from mesocosm.catalog import Catalog
from mesocosm.catalog.store import UPSTREAM
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Source
from mesocosm.data.dataset import Dataset
from mesocosm.data.sources.dataset_rows import DatasetRows
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project


def is_dataset(spec: Spec, name: str) -> bool:
    """Whether what a dataset reads is a dataset of the file, not a source."""
    return name in spec.eco.datasets and name not in spec.eco.sources


def address_of(spec: Spec, name: str) -> str:
    """The address of what a dataset reads."""
    return f"datasets.{name}" if is_dataset(spec, name) else f"sources.{name}"


def list_upstream(spec: Spec, data: Dataset) -> list[str]:
    """The datasets that a dataset reads itself."""
    return [name for name in dict.fromkeys(data.all_sources) if is_dataset(spec, name)]


def find_upstream(spec: Spec, dataset: str) -> list[str]:
    """The datasets that a dataset reads, itself or through others, the nearest first."""
    datasets, found = resolve_datasets(spec), [dataset]
    for name in found:
        found += [other for other in list_upstream(spec, datasets[name]) if other not in found]
    return found[1:]


def list_downstream(spec: Spec, dataset: str) -> list[str]:
    """The datasets that read a dataset, themselves or through others, the nearest first."""
    datasets, found = resolve_datasets(spec), [dataset]
    for name in found:
        for other, data in datasets.items():
            if name in list_upstream(spec, data) and other not in found:
                found.append(other)
    return found[1:]


def make_downstream_stale(spec: Spec, catalog: Catalog, con: Connection, dataset: str) -> None:
    """Have the next plan rebuild the datasets that read a dataset whose newest rows changed without
    a build: rows were erased, or an old version came back.
    """
    for name in list_downstream(spec, dataset):
        catalog.make_stale(con, f"datasets.{name}", UPSTREAM)


def in_build_order(spec: Spec, datasets: Mapping[str, Dataset]) -> Iterator[tuple[str, Dataset]]:
    """The datasets, each after those that it reads; else in their order."""
    placed: set[str] = set()
    pending = [*datasets]
    while pending:
        name = next(n for n in pending if placed.issuperset(list_upstream(spec, datasets[n])))
        pending.remove(name)
        placed.add(name)
        yield name, datasets[name]


def list_sources(spec: Spec, catalog: Catalog, dataset: str) -> dict[str, Source]:
    """What a dataset reads, by name: its sources, and the newest rows of its datasets.

    Raises:
        MesocosmError: a dataset that it reads was not built yet.
    """
    datasets = resolve_datasets(spec)
    sources: dict[str, Source] = {}
    for name in dict.fromkeys(datasets[dataset].all_sources):
        if is_dataset(spec, name):
            sources[name] = _newest_rows(spec, catalog, name, datasets[name])
        else:
            sources[name] = spec.eco.sources[name]
    return sources


def _newest_rows(spec: Spec, catalog: Catalog, name: str, data: Dataset) -> DatasetRows:
    """The rows of a dataset's newest snapshot."""
    snapshot = catalog.snapshot(dataset=name)
    if snapshot is None:
        raise MesocosmError(Message("api.not_built", name=name))
    folder = locate_project(spec).store / snapshot["path"] / "rows"
    return DatasetRows(folder, snapshot["delta"], tuple(data.fields), snapshot["files"])
