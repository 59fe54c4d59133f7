"""Encrypted fields: decrypted for a stated reason, and encrypted again under a new key.

Knows the catalog, the key ring and the doors of data. Every decryption is a line of the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.access.dataset_history import find_dataset, find_version
from mesocosm.lifecycle.access.pseudonym_key import read_private_key
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project


def list_encrypted_fields(data: Dataset) -> list[str]:
    """The encrypted fields of a dataset."""
    return [n for n, f in data.fields.items() if f.sealed]


def reveal(
    spec: Spec, catalog: Catalog, dataset: str, field: str, keys: Sequence[str], why: str, who: str
) -> dict[str, Any]:
    """Decrypt a field of the rows of some keys.

    Raises:
        ConfigValueError: the field is not encrypted, or the dataset has no key.
        MesocosmError: nothing was built, or a key is not on the ring.
    """
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.snapshots.erasure import keys_as_kept, open_values

    data = find_dataset(spec, dataset)
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
    snapshot = find_version(catalog, dataset, "newest")
    store = locate_project(spec).store
    kept = keys_as_kept(data.fields[data.key], keys, read_private_key(store))
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
            data.key,
            kept,
            lambda con: prepare(con, store),
            data.fields[data.key].sealed,
        )
    except duckdb.Error as error:
        raise MesocosmError(Message("lifecycle.cannot_decrypt")) from error
    return {"dataset": dataset, "field": field, "found": found}


def rotate(spec: Spec, catalog: Catalog, who: str) -> dict[str, Any]:
    """Rotate the encryption key: make a new key, encrypt every encrypted field with it, and drop
    the old keys.

    Killed anywhere, the ring still decrypts everything; run again, it completes.
    """
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.privacy.keyring import Ring, new_key, read_ring, ring_path, write_ring
    from mesocosm.data.snapshots.erasure import reseal

    where = locate_project(spec)
    done: dict[str, list[str]] = {}
    with hold_build_lock(where.store, wait=30):
        old = read_ring(where.store)
        new = new_key()
        write_ring(ring_path(where.store), Ring((new, *old.keys)))
        for name, data in resolve_datasets(spec).items():
            fields, snapshot = list_encrypted_fields(data), catalog.snapshot(dataset=name)
            if not fields or snapshot is None:
                continue
            versions = reseal(
                where.store / snapshot["path"],
                snapshot["report"]["delta"],
                fields,
                snapshot["made"],
                lambda con: prepare(con, where.store),
            )
            with catalog.transaction() as con:
                catalog.keep_only(
                    con,
                    snapshot,
                    delta=versions["rows"],
                    report=snapshot["report"] | {"delta": versions},
                )
                catalog.write_audit(
                    con,
                    who,
                    "rotate",
                    f"datasets.{name}",
                    f"{', '.join(fields)} encrypted with the key {new[0]}",
                )
            done[name] = fields
        dropped: list[str] = []
        # other ecosystems may need the old keys of a file that they share
        if ring_path(where.store).parent == where.store:
            write_ring(ring_path(where.store), Ring((new,)))
            dropped = [name for name, _ in old.keys]
    return {"key": new[0], "let_go": dropped, "sealed": done}
