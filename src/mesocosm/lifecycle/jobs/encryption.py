"""Encrypted fields: opened for who asks with a reason, and sealed anew under a new key.

Knows the catalog, the key ring and the doors of govern. Every opening is a line of the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Wrong
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.access.dataset_history import dataset_of, version_of
from mesocosm.lifecycle.access.pseudonym_key import private_key
from mesocosm.lifecycle.build_lock import alone
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.project_store import where_of


def sealed_fields(data: Dataset) -> list[str]:
    """The encrypted fields of a dataset."""
    return [n for n, f in data.fields.items() if f.sealed]


def reveal(
    spec: Spec, catalog: Catalog, dataset: str, field: str, keys: Sequence[str], why: str, who: str
) -> dict[str, Any]:
    """Open an encrypted field of the rows of some keys.

    Raises:
        Wrong: the field is not encrypted, or the dataset has no key.
        Failure: nothing was built, or a key is not on the ring.
    """
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.snapshots.erasure import keys_as_kept, open_values

    data = dataset_of(spec, dataset)
    if field not in sealed_fields(data):
        raise Wrong(
            "",
            f"'{field[:60]}' is no encrypted field of '{dataset}'",
            "an encrypted field",
            sealed_fields(data),
            field,
        )
    if not data.key:
        raise Wrong("", f"'{dataset}' has no 'key', so no row can be named", "'key' in the dataset")
    snapshot = version_of(catalog, dataset, "newest")
    store = where_of(spec).store
    kept = keys_as_kept(data.fields[data.key], keys, private_key(store))
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
        raise Failure(
            "a sealed value cannot be opened: its key is not among the keys, or it was changed;"
            " give the key file that holds it by MESOCOSM_KEYS"
        ) from error
    return {"dataset": dataset, "field": field, "found": found}


def rotate(spec: Spec, catalog: Catalog, who: str) -> dict[str, Any]:
    """Make a new key, seal every encrypted field anew, and let go of the old keys.

    Killed anywhere, the ring still opens everything; run again, it ends.
    """
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.privacy.keyring import Ring, new_key, read_ring, ring_path, write_ring
    from mesocosm.data.snapshots.erasure import reseal

    where = where_of(spec)
    done: dict[str, list[str]] = {}
    with alone(where.store, wait=30):
        old = read_ring(where.store)
        new = new_key()
        write_ring(ring_path(where.store), Ring((new, *old.keys)))
        for name, data in datasets_of(spec).items():
            fields, snapshot = sealed_fields(data), catalog.snapshot(dataset=name)
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
                    f"{', '.join(fields)} sealed under the key {new[0]}",
                )
            done[name] = fields
        shared = (
            ring_path(where.store).parent != where.store
        )  # other ecosystems may need the old keys of a file they share
        if not shared:
            write_ring(ring_path(where.store), Ring((new,)))
    return {
        "key": new[0],
        "let_go": [] if shared else [name for name, _ in old.keys],
        "sealed": done,
    }
