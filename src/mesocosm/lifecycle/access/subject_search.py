"""Where a subject's key is held: which datasets share its column, and which keys are found.

Knows datasets, snapshots and the log of predictions. Erases nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, select

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.recipe import columns_of
from mesocosm.lifecycle.access.datasets.history import find_dataset, find_version
from mesocosm.lifecycle.access.prediction_erasure import match_subject
from mesocosm.lifecycle.access.pseudonym_key import read_private_key
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project


def find_sharing(
    spec: Spec, catalog: Catalog, dataset: str
) -> tuple[dict[str, str], dict[str, str]]:
    """The other built datasets that share a source with a dataset: the field of each that reads the
    key's column, and why the rest have none.
    """
    data = find_dataset(spec, dataset)
    assert data.key is not None
    column = columns_of(data.fields)[data.key]
    fields: dict[str, str] = {}
    not_reached: dict[str, str] = {}
    for name, other in _list_sharing(spec, catalog, dataset):
        field = _field_of_column(other, column)
        obstacle = _obstacle(other, field, column)
        if field is None or obstacle:
            not_reached[name] = obstacle
        else:
            fields[name] = field
    return fields, not_reached


def _list_sharing(spec: Spec, catalog: Catalog, dataset: str) -> Iterator[tuple[str, Dataset]]:
    """The other built datasets that share a source with one."""
    sources = set(find_dataset(spec, dataset).all_sources)
    for name, data in resolve_datasets(spec).items():
        shares = bool(sources & set(data.all_sources))
        if shares and name != dataset and catalog.snapshot(dataset=name):
            yield name, data


def find_removed_sharing(spec: Spec, catalog: Catalog, dataset: str) -> dict[str, str]:
    """The datasets that the file no longer has, whose stored rows came from a source of a dataset,
    and why the rows of a subject stay in them.
    """
    sources = set(find_dataset(spec, dataset).all_sources)
    known = resolve_datasets(spec)
    return {
        name: Message("lifecycle.dataset_removed").render()
        for name in catalog.list_datasets()
        if name not in known and sources & _read_sources(catalog, name)
    }


def _read_sources(catalog: Catalog, dataset: str) -> set[str]:
    """The sources that the newest snapshot of a dataset was made from."""
    snapshot = catalog.snapshot(dataset=dataset)
    if snapshot is None:
        return set()
    read = snapshot["recipe"]["from"]
    kinds = [read.get(key) for key in ("union", "join", "lookup")]
    named = [name for kind in kinds if isinstance(kind, (list, dict)) for name in kind]
    return {str(name) for name in named}


def _field_of_column(data: Dataset, column: str) -> str | None:
    """The field that reads a column, the key first."""
    fields = [field for field, read in columns_of(data.fields).items() if read == column]
    if data.key in fields:
        return data.key
    return next(iter(fields), None)


def _obstacle(data: Dataset, field: str | None, column: str) -> str:
    """Why the rows of a subject cannot be found by a field; empty where they can."""
    if field is None:
        return Message("lifecycle.no_field_of_column", column=column).render()
    if data.fields[field].private and data.key != field:
        return Message("lifecycle.private_not_key", field=field).render()
    return ""


def find_held_keys(
    spec: Spec, catalog: Catalog, fields: Mapping[str, str | None], keys: Sequence[str]
) -> list[str]:
    """The keys that a version of some datasets' rows or quarantine, or a logged prediction, holds.

    Args:
        spec: the file.
        catalog: the catalog.
        fields: the field of each dataset that holds the key; None where only its quarantine can.
        keys: the keys that are looked for.
    """
    forms: dict[str, set[str]] = {key: {key} for key in keys}
    stored = _find_in_datasets(spec, catalog, fields, forms)
    names = set(filter(None, fields.values()))
    with catalog.transaction() as con:
        return [key for key in keys if key in stored or _is_logged(con, names, forms[key])]


def _find_in_datasets(
    spec: Spec,
    catalog: Catalog,
    fields: Mapping[str, str | None],
    forms: Mapping[str, set[str]],
) -> set[str]:
    """The keys of `forms` that tables hold; the form that each has there is added to it."""
    found = set[str]()
    with hold_build_lock(locate_project(spec).store, wait=30):
        for dataset, subject in fields.items():
            remaining = [key for key in forms if key not in found]
            if remaining:
                found |= _find_in_dataset(spec, catalog, dataset, subject, remaining, forms)
    return found


def _find_in_dataset(
    spec: Spec,
    catalog: Catalog,
    dataset: str,
    subject: str | None,
    keys: Sequence[str],
    forms: Mapping[str, set[str]],
) -> set[str]:
    """The keys that a dataset's tables hold; the form that each has there is added to `forms`."""
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.snapshots.erasure import find_held_keys, keys_as_kept

    store = locate_project(spec).store
    snapshot = find_version(catalog, dataset, "newest")
    hidden, sealed = list(keys), False
    if subject:
        field = resolve_datasets(spec)[dataset].fields[subject]
        hidden, sealed = keys_as_kept(field, keys, read_private_key(store)), bool(field.sealed)
    by_key = dict(zip(keys, hidden, strict=True))
    for key, form in by_key.items():
        forms[key].update({form} - {""})
    return set(
        find_held_keys(
            store / snapshot["path"], subject, by_key, sealed, lambda con: prepare(con, store)
        )
    )


def _is_logged(con: Connection, fields: set[str], forms: set[str]) -> bool:
    """Whether a logged prediction names a subject in one of the forms of its key."""
    queries = [
        select(t.PREDICTIONS.c.id).where(match_subject(fields, form)).limit(1) for form in forms
    ]
    return any(con.execute(query).first() for query in queries)
