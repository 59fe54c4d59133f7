"""Erased rows: where they came from, how they are found in datasets that read them, and what is
left of a snapshot's record without them.

Knows the tables of snapshots. Erases nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import SnapshotFacts
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.records import Json, JsonObject
from mesocosm.core.values.json_shapes import read_object
from mesocosm.data.sources.path_utils import text
from mesocosm.lifecycle.access.datasets.history import find_version
from mesocosm.lifecycle.access.pseudonym_key import read_private_key
from mesocosm.lifecycle.chains import in_build_order, list_downstream
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project

ALWAYS = "\x1f"  # before the name of a table of texts
HASH = re.compile("[0-9a-f]{32}")
# characters from which a key is looked for in every file; shorter words are too common
SCANNED_LENGTH = 4
PLACE = "_file || ':' || _line"


def find_places(
    spec: Spec, catalog: Catalog, fields: Mapping[str, str], keys: Sequence[str]
) -> frozenset[str]:
    """The places, as `orders.csv:17`, of the rows of some keys in the newest version of datasets
    that others read.

    Args:
        fields: the field of each dataset that holds the keys.
    """
    found: set[str] = set()
    for dataset, field in fields.items():
        if list_downstream(spec, dataset):
            found |= _places_of_keys(spec, catalog, dataset, field, keys)
    return frozenset(found)


def _places_of_keys(
    spec: Spec, catalog: Catalog, dataset: str, field: str, keys: Sequence[str]
) -> set[str]:
    from mesocosm.data.snapshots.erasure import keys_as_kept, match_keys
    from mesocosm.data.sources.path_utils import quote

    kind = resolve_datasets(spec)[dataset].fields[field]
    hidden = keys_as_kept(kind, keys, read_private_key(locate_project(spec).store))
    opened = f"opened({quote(field)})" if kind.sealed else None
    return _read_places(spec, catalog, dataset, match_keys(field, hidden, keys, opened)["rows"])


def _read_places(spec: Spec, catalog: Catalog, dataset: str, condition: str) -> set[str]:
    """The places of the rows of a dataset's newest version for which a condition is true."""
    import duckdb

    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.snapshots.delta_tables import scan

    store = locate_project(spec).store
    snapshot = find_version(catalog, dataset, "newest")
    table = scan(store / snapshot["path"] / "rows", snapshot["delta"])
    with duckdb.connect() as con:
        prepare(con, store)
        rows = con.execute(f"select {PLACE} from {table} where {condition}").fetchall()
    return {str(row[0]) for row in rows}


def find_downstream_places(
    spec: Spec, catalog: Catalog, datasets: Sequence[str], places: frozenset[str]
) -> dict[str, frozenset[str]]:
    """The built datasets that read some datasets, themselves or through others, in build order,
    each with the places of the rows that go: those that are given, and those of the rows that they
    reach on the way. A dataset that was built from other files has none: a line of them is another
    row now.

    Args:
        places: of the rows that the datasets lose.
    """
    reached = {name for dataset in datasets for name in list_downstream(spec, dataset)}
    found: dict[str, frozenset[str]] = {}
    known, files = places, _files_of(catalog, datasets)
    for name, _ in in_build_order(spec, resolve_datasets(spec)):
        if not known or name not in reached or name in datasets:
            continue
        snapshot = catalog.snapshot(dataset=name)
        if snapshot is None:
            continue
        same = all(snapshot["files"].get(file) == content for file, content in files.items())
        found[name] = known if same else frozenset()
        if same:
            known |= _read_places(spec, catalog, name, _holds_place(known))
    return found


def _files_of(catalog: Catalog, datasets: Sequence[str]) -> dict[str, str]:
    """The fingerprints of the files that the newest versions of datasets were made from."""
    files: dict[str, str] = {}
    for dataset in datasets:
        snapshot = catalog.snapshot(dataset=dataset)
        files |= snapshot["files"] if snapshot else {}
    return files


def match_places(places: Iterable[str], keys: Sequence[str]) -> dict[str, str]:
    """For each table, SQL that is true for the rows that came from some places, or through a join
    with a row of one; of the quarantine also for lines that name a key.
    """
    from mesocosm.data.snapshots.erasure import match_text

    listed = ", ".join(map(text, sorted(places)))
    aside = f"coalesce({PLACE} in ({listed}), false) or {match_text(keys)}"
    return {"rows": _holds_place(places), "quarantine": f"({aside})"}


def _holds_place(places: Iterable[str]) -> str:
    """SQL that is true for rows of some places, or joined with a row of one."""
    listed = ", ".join(map(text, sorted(places)))
    partners = "string_split(coalesce(_also, ''), chr(10))"
    return (
        f"(coalesce({PLACE} in ({listed}), false) or list_has_any({partners},"
        f" [{listed}]::varchar[]))"
    )


def list_scanned(words: set[str]) -> list[str]:
    """The words that are long enough to be looked for in every file."""
    return sorted(word for word in words if len(word) >= SCANNED_LENGTH)


def learns_repairs(snapshot: SnapshotRow) -> bool:
    """Whether a snapshot has repairs that hold values of single rows."""
    repairs = snapshot["recipe"].get("repairs", [])
    return any(repair.get("method") == "learned" for repair in repairs)


def without_row_repairs(snapshot: SnapshotRow) -> SnapshotFacts:
    """What was fitted, without the repaired values of single rows, which are found by the hash of a
    row's content; texts that are always repaired alike stay.
    """
    facts = snapshot["facts"]
    if not learns_repairs(snapshot):
        return facts
    fitted = dict(facts["fields"])
    fitted["_repairs"] = {
        number: {
            name: table
            for name, table in read_object(tables).items()
            if name.startswith(ALWAYS) or not _is_of_rows(table)
        }
        for number, tables in fitted.get("_repairs", {}).items()
    }
    return {**facts, "fields": fitted}


def _is_of_rows(table: Json) -> bool:
    """Whether a table of repairs is looked up by the hash of a row."""
    return isinstance(table, Mapping) and all(HASH.fullmatch(key) for key in table)


def reduce_account(account: dict[str, int], lost: dict[str, int], why: str) -> dict[str, int]:
    """The row counts of a snapshot after rows left its tables; they add up as before."""
    return account | {
        "kept": account["kept"] - lost["rows"],
        "quarantined": account["quarantined"] - lost["quarantine"],
        "duplicates": account["duplicates"] - lost["duplicates"],
        why: account.get(why, 0) + sum(lost.values()),
    }


def without_words(value: Json, words: set[str]) -> Json:
    """JSON without the entries that name a subject."""
    if isinstance(value, Mapping):
        return _without_keys(value, words)
    if isinstance(value, list):
        return [without_words(v, words) for v in value]
    if isinstance(value, str) and value in words:
        return None
    return value


def _without_keys(value: JsonObject, words: set[str]) -> JsonObject:
    return {k: without_words(v, words) for k, v in value.items() if k not in words}
