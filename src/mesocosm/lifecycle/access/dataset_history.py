"""The versions of a dataset: found by number, name or time, compared, restored.

Knows the catalog and the doors of data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.data.types.field import FieldKind
from mesocosm.lifecycle.access.dataset_versions import choose_next_id, read_number
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project

ENDINGS = (".csv", ".parquet", ".json", ".jsonl")
LAST_SECOND = 86399  # of a day


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
    ids = [snapshot["id"] for snapshot in snapshots]
    if name == "newest":
        return snapshots[-1]
    if name == "previous":
        if len(snapshots) < 2:
            raise ConfigValueError(
                "", Message("lifecycle.one_version", dataset=dataset), "newest", ids
            )
        return snapshots[-2]
    for snapshot in snapshots:
        number = read_number(snapshot)
        if name in (snapshot["id"], number, f"{dataset}@{number}"):
            return snapshot
    if re.match(r"\d{4}-\d{2}-\d{2}", name):
        return _version_at(snapshots, dataset, name)
    raise ConfigValueError(
        "",
        Message("lifecycle.no_version", dataset=dataset, name=name[:60]),
        Message("lifecycle.version_choices"),
        ids,
        name,
    )


def _version_at(snapshots: Sequence[SnapshotRow], dataset: str, time: str) -> SnapshotRow:
    """The newest snapshot that was made by a time (ISO 8601); a day counts to its end.

    Raises:
        ConfigValueError: the time cannot be read, or there was none by then.
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
    before = [snapshot for snapshot in snapshots if snapshot["at"] <= at]
    if not before:
        raise ConfigValueError(
            "",
            Message("lifecycle.no_version_by", dataset=dataset, time=time),
            Message("lifecycle.later_time"),
            [snapshot["id"] for snapshot in snapshots],
        )
    return before[-1]


def compare_versions(
    spec: Spec, catalog: Catalog, dataset: str, old: str, new: str
) -> dict[str, Any]:
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
    was, now = before["files"], after["files"]
    return {
        "dataset": dataset,
        "old": before["id"],
        "new": after["id"],
        "files": sorted(file for file in {*was, *now} if was.get(file) != now.get(file)),
        "account": {"old": before["account"], "new": after["account"]},
        **differences,
    }


def _compared_type(field: FieldKind) -> str:
    """The type by which values of a field are compared; empty where they are encrypted."""
    if field.sealed:
        return ""
    if field.private:
        return "string"
    return str(field.ibis_type)


def restore_version(
    spec: Spec, catalog: Catalog, dataset: str, to: str, who: str, why: str
) -> dict[str, Any]:
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
        names = [name for name, model in spec.eco.models.items() if model.dataset == dataset]
        models: list[str] = []
        for name in names:
            trained = [v for v in catalog.versions(name) if v["snapshot"] == now["id"]]
            models += [version["id"] for version in trained]
        with catalog.transaction() as con:
            con.execute(insert(t.SNAPSHOTS).values(**values))
            text = f"{now['id']} -> {ident}, which is {then['id']}: {why}"
            catalog.write_audit(con, who, "rollback", f"datasets.{dataset}", text)
    return {"dataset": dataset, "from": now["id"], "to": ident, "is": then["id"], "models": models}


def export_rows(spec: Spec, catalog: Catalog, dataset: str, at: str, out: Path) -> dict[str, Any]:
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
