"""Encrypted fields: decrypted for a stated reason, and encrypted again under a new key.

Knows the catalog, the key ring and the doors of data. Every decryption is a line of the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.access.datasets.history import find_dataset, find_version
from mesocosm.lifecycle.access.pseudonym_key import read_private_key
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project

if TYPE_CHECKING:
    from mesocosm.data.snapshots.erasure import OpenedValue


class RevealedData(TypedDict):
    """The decrypted values of a field, each with the number of its `row`."""

    dataset: str
    field: str
    found: list[OpenedValue]


class RotatedKey(TypedDict):
    """The name of the new `key`, the old ones that were dropped, and by dataset the fields that
    were encrypted again.
    """

    key: str
    let_go: list[str]
    sealed: dict[str, list[str]]


def list_encrypted_fields(data: Dataset) -> list[str]:
    """The encrypted fields of a dataset."""
    return [n for n, f in data.fields.items() if f.sealed]


def reveal(
    spec: Spec, catalog: Catalog, dataset: str, field: str, keys: Sequence[str], why: str, who: str
) -> RevealedData:
    """Decrypt a field of the rows of some keys.

    Raises:
        ConfigValueError: the field is not encrypted, or the dataset has no key.
        MesocosmError: nothing was built, or a key is not on the ring.
    """
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.snapshots.erasure import keys_as_kept, open_values

    data = find_dataset(spec, dataset)
    key_name = _key_of_encrypted(data, dataset, field)
    snapshot = find_version(catalog, dataset, "newest")
    store = locate_project(spec).store
    kept = keys_as_kept(data.fields[key_name], keys, read_private_key(store))
    with catalog.transaction() as con:
        catalog.write_audit(
            con, who, "reveal", f"datasets.{dataset}.{field}", f"{len(keys)} keys: {why}"
        )
    import duckdb

    try:
        found = open_values(
            store / snapshot["path"],
            snapshot["report"]["delta"]["rows"],
            field,
            key_name,
            kept,
            lambda con: prepare(con, store),
            data.fields[key_name].sealed,
        )
    except duckdb.Error as error:
        raise MesocosmError(Message("lifecycle.cannot_decrypt")) from error
    return {"dataset": dataset, "field": field, "found": found}


def _key_of_encrypted(data: Dataset, dataset: str, field: str) -> str:
    """The key field of a dataset that has an encrypted field.

    Raises:
        ConfigValueError: the field is not encrypted, or the dataset has no key.
    """
    if field not in list_encrypted_fields(data):
        raise ConfigValueError(
            "",
            Message("lifecycle.not_encrypted", field=field[:60], dataset=dataset),
            Message("lifecycle.encrypted_field"),
            list_encrypted_fields(data),
            field,
        )
    if not data.key:
        raise ConfigValueError(
            "", Message("lifecycle.no_key", dataset=dataset), Message("lifecycle.set_key")
        )
    return data.key


def rotate(spec: Spec, catalog: Catalog, who: str) -> RotatedKey:
    """Rotate the encryption key: make a new key, encrypt every encrypted field with it, and drop
    the old keys.

    Killed anywhere, the ring still decrypts everything; run again, it completes.
    """
    from mesocosm.data.privacy.keyring import Ring, new_key, read_ring, ring_path, write_ring

    where = locate_project(spec)
    done: dict[str, list[str]] = {}
    with hold_build_lock(where.store, wait=30):
        old = read_ring(where.store)
        new = new_key()
        write_ring(ring_path(where.store), Ring((new, *old.keys)))
        for name, data in resolve_datasets(spec).items():
            fields, snapshot = list_encrypted_fields(data), catalog.snapshot(dataset=name)
            if fields and snapshot:
                _encrypt_again(catalog, where.store, snapshot, fields, new[0], who)
                done[name] = fields
        dropped: list[str] = []
        # other ecosystems may need the old keys of a file that they share
        if ring_path(where.store).parent == where.store:
            write_ring(ring_path(where.store), Ring((new,)))
            dropped = [name for name, _ in old.keys]
    return {"key": new[0], "let_go": dropped, "sealed": done}


def _encrypt_again(
    catalog: Catalog, store: Path, snapshot: SnapshotRow, fields: list[str], key: str, who: str
) -> None:
    """Encrypt the fields of a snapshot with the newest key of the ring, named `key`."""
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.snapshots.erasure import reseal

    versions = reseal(
        store / snapshot["path"],
        snapshot["report"]["delta"],
        fields,
        snapshot["made"],
        lambda con: prepare(con, store),
    )
    report = {**snapshot["report"], "delta": versions}
    text = f"{', '.join(fields)} encrypted with the key {key}"
    with catalog.transaction() as con:
        catalog.keep_only(con, snapshot, delta=versions["rows"], report=report)
        catalog.write_audit(con, who, "rotate", f"datasets.{snapshot['dataset']}", text)
