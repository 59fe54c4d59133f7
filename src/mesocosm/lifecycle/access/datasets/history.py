"""The versions of a dataset: found by number, name or time, compared, restored.

Knows the catalog and the doors of data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.data.types.field import FieldKind
from mesocosm.lifecycle.access.datasets.version_ids import choose_next_id, read_number
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.chains import make_downstream_stale
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project

if TYPE_CHECKING:
    from mesocosm.data.snapshots.versions import FieldDifference

ENDINGS = (".csv", ".parquet", ".json", ".jsonl")
LAST_SECOND = 86399  # of a day


RestoredVersion = TypedDict(
    "RestoredVersion", {"dataset": str, "from": str, "to": str, "is": str, "models": list[str]}
)
"""The version a dataset went `from`, the new one (`to`), which old one it `is`, and the `models`
that were trained on the version that is left.
"""


class VersionDifferences(TypedDict):
    """What differs between two versions of a dataset: how many `rows` were added, removed, changed
    and are the same, in how many rows each field `changed`, and the figures of each field.
    """

    dataset: str
    old: str
    new: str
    files: list[str]
    account: dict[str, dict[str, int]]
    rows: dict[str, int]
    changed: dict[str, int]
    fields: dict[str, FieldDifference]
    only_old: list[str]
    only_new: list[str]


class ExportedVersion(TypedDict):
    """A file that holds the rows of a version."""

    dataset: str
    version: str
    rows: int
    written: str


def find_dataset(spec: Spec, name: str) -> Dataset:
    """A dataset of the file.

    Raises:
        ConfigValueError: there is none of that name.
    """
    datasets = resolve_datasets(spec)
    if name not in datasets:
        found = Message("lifecycle.no_dataset", name=name[:60])
        raise ConfigValueError(
            "", found, Message("lifecycle.dataset_of_file"), sorted(datasets), name
        )
    return datasets[name]


def find_version(catalog: Catalog, dataset: str, name: str) -> SnapshotRow:
    """A snapshot by number (`3`), id (`credit@3-ab12cd34`), `newest`, `previous`, or a day or time
    (the newest made by then).

    Raises:
        MesocosmError: nothing was built.
        ConfigValueError: there is no such version.
    """
    snapshots = catalog.snapshots(dataset)
    if not snapshots:
        raise MesocosmError(Message("lifecycle.not_built_yet", dataset=dataset))
    if name == "newest":
        return snapshots[-1]
    if name == "previous":
        return _previous_version(snapshots, dataset)
    named = _find_named(snapshots, name)
    if named:
        return named
    if re.match(r"\d{4}-\d{2}-\d{2}", name):
        return _version_at(snapshots, dataset, name)
    raise ConfigValueError(
        "",
        Message("lifecycle.no_version", dataset=dataset, name=name[:60]),
        Message("lifecycle.version_choices"),
        _list_ids(snapshots),
        name,
    )


def _find_named(snapshots: Sequence[SnapshotRow], name: str) -> SnapshotRow | None:
    """The snapshot of a number or an id; None where none has it."""
    for snapshot in snapshots:
        if name in _list_names(snapshot):
            return snapshot
    return None


def _list_names(snapshot: SnapshotRow) -> tuple[str, str, str]:
    """What a snapshot may be called."""
    number = read_number(snapshot)
    return snapshot["id"], number, f"{snapshot['dataset']}@{number}"


def _list_ids(snapshots: Sequence[SnapshotRow]) -> list[str]:
    return [snapshot["id"] for snapshot in snapshots]


def _previous_version(snapshots: Sequence[SnapshotRow], dataset: str) -> SnapshotRow:
    """The snapshot before the newest.

    Raises:
        ConfigValueError: there is one only.
    """
    if len(snapshots) < 2:
        found = Message("lifecycle.one_version", dataset=dataset)
        raise ConfigValueError("", found, "newest", _list_ids(snapshots))
    return snapshots[-2]


def _version_at(snapshots: Sequence[SnapshotRow], dataset: str, time: str) -> SnapshotRow:
    """The newest snapshot that was made by a time (ISO 8601); a day counts to its end.

    Raises:
        ConfigValueError: the time cannot be read, or there was none by then.
    """
    at = _read_time(time)
    before = [snapshot for snapshot in snapshots if snapshot["at"] <= at]
    if not before:
        raise ConfigValueError(
            "",
            Message("lifecycle.no_version_by", dataset=dataset, time=time),
            Message("lifecycle.later_time"),
            _list_ids(snapshots),
        )
    return before[-1]


def _read_time(time: str) -> float:
    """A time as seconds since 1970; of a day, its last second.

    Raises:
        ConfigValueError: it cannot be read.
    """
    try:
        at = datetime.fromisoformat(time).astimezone().timestamp()
    except ValueError as error:
        expected = Message("lifecycle.time_form")
        raise ConfigValueError(
            "", Message("lifecycle.not_a_time", time=time[:40]), expected
        ) from error
    if len(time) == len("2026-01-31"):
        at += LAST_SECOND
    return at


def compare_versions(
    spec: Spec, catalog: Catalog, dataset: str, old: str, new: str
) -> VersionDifferences:
    """What differs between two versions of a dataset."""
    from mesocosm.data.snapshots.versions import diff

    data = find_dataset(spec, dataset)
    before, after = find_version(catalog, dataset, old), find_version(catalog, dataset, new)
    types = {name: _compared_type(field) for name, field in data.fields.items()}
    types = {name: kind for name, kind in types.items() if kind}
    key = data.key
    if key not in types:
        key = None
    path = locate_project(spec).store / before["path"] / "rows"
    differences = diff(path, before["delta"], after["delta"], types, key)
    return {
        "dataset": dataset,
        "old": before["id"],
        "new": after["id"],
        "files": _list_changed_files(before["files"], after["files"]),
        "account": {"old": before["account"], "new": after["account"]},
        "rows": differences["rows"],
        "changed": differences["changed"],
        "fields": differences["fields"],
        "only_old": differences["only_old"],
        "only_new": differences["only_new"],
    }


def _list_changed_files(was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The source files whose fingerprints differ, or that only one version read."""
    return sorted(file for file in {*was, *now} if was.get(file) != now.get(file))


def _compared_type(field: FieldKind) -> str:
    """The type by which values of a field are compared; empty where they are encrypted."""
    if field.sealed:
        return ""
    if field.private:
        return "string"
    return str(field.ibis_type)


def restore_version(
    spec: Spec, catalog: Catalog, dataset: str, to: str, who: str, why: str
) -> RestoredVersion:
    """Make an old version the newest again; nothing that came after it is lost.

    Returns:
        The version it went `from`, the new one (`to`), which old one it `is`, and the `models`
        that were trained on the version that is left; they stay.

    Raises:
        MesocosmError: it is the newest version already.
    """
    from mesocosm.data.snapshots.versions import restore_version

    find_dataset(spec, dataset)
    store = locate_project(spec).store
    with hold_build_lock(store, wait=30):
        now, then = find_version(catalog, dataset, "newest"), find_version(catalog, dataset, to)
        if now["id"] == then["id"]:
            raise MesocosmError(Message("lifecycle.newest_already", version=now["id"]))
        versions = restore_version(store / then["path"], then["report"]["delta"], then["made"])
        ident = choose_next_id(catalog, dataset, then["made"])
        values = then | {
            "id": ident,
            "delta": versions["rows"],
            "report": then["report"] | {"delta": versions, "returned_from": then["id"]},
            "previous": now["id"],
            "at": catalog.clock(),
        }
        models = _list_trained(spec, catalog, now)
        with catalog.transaction() as con:
            con.execute(insert(t.SNAPSHOTS).values(**values))
            make_downstream_stale(spec, catalog, con, dataset)
            text = f"{now['id']} -> {ident}, which is {then['id']}: {why}"
            catalog.write_audit(con, who, "rollback", f"datasets.{dataset}", text)
    return {"dataset": dataset, "from": now["id"], "to": ident, "is": then["id"], "models": models}


def _list_trained(spec: Spec, catalog: Catalog, snapshot: SnapshotRow) -> list[str]:
    """The ids of the versions that were trained on a snapshot."""
    trained: list[str] = []
    for name, model in spec.eco.models.items():
        if model.dataset == snapshot["dataset"]:
            versions = catalog.versions(name)
            trained += [v["id"] for v in versions if v["snapshot"] == snapshot["id"]]
    return trained


def export_rows(spec: Spec, catalog: Catalog, dataset: str, at: str, out: Path) -> ExportedVersion:
    """Write the rows of a version to a file.

    Raises:
        ConfigValueError: the file's ending is not one of `ENDINGS`.
    """
    from mesocosm.core.files import aside_name
    from mesocosm.data.snapshots.versions import export_rows

    data = find_dataset(spec, dataset)
    if out.suffix.lower() not in ENDINGS:
        expected = Message("lifecycle.known_endings")
        raise ConfigValueError("", Message("lifecycle.unknown_ending", file=out.name), expected)
    snapshot = find_version(catalog, dataset, at)
    aside = out.with_name(aside_name(out) + out.suffix)
    columns = None
    if data.anonymity:
        columns = list(data.fields)
    path = locate_project(spec).store / snapshot["path"] / "rows"
    rows = export_rows(path, snapshot["delta"], aside, columns)
    aside.replace(out)
    return {"dataset": dataset, "version": snapshot["id"], "rows": rows, "written": str(out)}
