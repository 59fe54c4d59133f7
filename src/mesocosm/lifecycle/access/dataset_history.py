"""The versions of a dataset: found by number, name or time, compared, brought back.

Knows the catalog and the doors of govern.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Wrong
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.access.dataset_versions import next_id, number_of
from mesocosm.lifecycle.build_lock import alone
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.project_store import where_of


def dataset_of(spec: Spec, name: str) -> Dataset:
    """A dataset of the file.

    Raises:
        Wrong: there is none of that name.
    """
    found = datasets_of(spec).get(name)
    if found is None:
        raise Wrong(
            "",
            f"no dataset is named '{name[:60]}'",
            "a dataset of the file",
            sorted(datasets_of(spec)),
            name,
        )
    return found


def version_of(catalog: Catalog, dataset: str, said: str) -> dict[str, Any]:
    """A snapshot by number (`3`), id (`credit@3-ab12cd34`), `newest`, `previous`, or a day or time
    (the newest made by then).

    Raises:
        Failure: nothing was built.
        Wrong: there is no such version.
    """
    every = catalog.snapshots(dataset)
    if not every:
        raise Failure(f"'{dataset}' was not built yet; run 'mesocosm build'")
    ids = [s["id"] for s in every]
    if said in ("newest", "previous"):
        if said == "previous" and len(every) < 2:
            raise Wrong("", f"'{dataset}' has only one version", "newest", ids)
        return every[-1 if said == "newest" else -2]
    for snapshot in every:
        number = number_of(snapshot)
        if said in (snapshot["id"], number, f"{dataset}@{number}"):
            return snapshot
    if re.match(r"\d{4}-\d{2}-\d{2}", said):
        try:
            at = datetime.fromisoformat(said).astimezone().timestamp() + (
                86399 if len(said) == 10 else 0
            )
        except ValueError as error:
            raise Wrong(
                "", f"'{said[:40]}' is no time", "a time as 2026-01-31 or 2026-01-31T18:00"
            ) from error
        before = [s for s in every if s["at"] <= at]
        if not before:
            raise Wrong(
                "",
                f"'{dataset}' had no version by {said}",
                "a later time, or one of the choices",
                ids,
            )
        return before[-1]
    raise Wrong(
        "",
        f"'{dataset}' has no version '{said[:60]}'",
        "a number, newest, previous, a time, or one of the choices",
        ids,
        said,
    )


def compare(spec: Spec, catalog: Catalog, dataset: str, old: str, new: str) -> dict[str, Any]:
    """What differs between two versions of a dataset."""
    from mesocosm.data.snapshots.versions import diff

    data = dataset_of(spec, dataset)
    a, b = version_of(catalog, dataset, old), version_of(catalog, dataset, new)
    path = where_of(spec).store / a["path"] / "rows"
    told = {
        n: f.ibis_type if not f.private else "string"
        for n, f in data.fields.items()
        if not f.sealed
    }
    found = diff(path, a["delta"], b["delta"], told, data.key if data.key in told else None)
    files = {f for f in {*a["files"], *b["files"]} if a["files"].get(f) != b["files"].get(f)}
    return {
        "dataset": dataset,
        "old": a["id"],
        "new": b["id"],
        "files": sorted(files),
        "account": {"old": a["account"], "new": b["account"]},
        **found,
    }


def return_to(
    spec: Spec, catalog: Catalog, dataset: str, to: str, who: str, why: str
) -> dict[str, Any]:
    """Make an old version the newest again; nothing that came after it is lost.

    What learnt from the version that is left keeps its versions; they are named.
    """
    from mesocosm.data.snapshots.versions import restore_version

    dataset_of(spec, dataset)
    store = where_of(spec).store
    with alone(store, wait=30):
        now, then = version_of(catalog, dataset, "newest"), version_of(catalog, dataset, to)
        if now["id"] == then["id"]:
            raise Failure(f"{now['id']} is the newest version already")
        versions = restore_version(store / then["path"], then["report"]["delta"], then["made"])
        ident = next_id(catalog, dataset, then["made"])
        values = then | {
            "id": ident,
            "delta": versions["rows"],
            "report": then["report"] | {"delta": versions, "returned_from": then["id"]},
            "previous": now["id"],
            "at": catalog.clock(),
        }
        models = [
            v["id"]
            for m, model in spec.eco.models.items()
            if model.learns == dataset
            for v in catalog.versions(m)
            if v["snapshot"] == now["id"]
        ]
        with catalog.transaction() as con:
            con.execute(insert(t.SNAPSHOTS).values(**values))
            catalog.write_audit(
                con,
                who,
                "rollback",
                f"datasets.{dataset}",
                f"{now['id']} -> {ident}, which is {then['id']}: {why}",
            )
    return {"dataset": dataset, "from": now["id"], "to": ident, "is": then["id"], "models": models}


def rows_of(spec: Spec, catalog: Catalog, dataset: str, at: str, out: Path) -> dict[str, Any]:
    """Write the rows of a version to a file.

    Raises:
        Wrong: the file's ending is of no kind that is known.
    """
    from mesocosm.core.files import aside_name
    from mesocosm.data.snapshots.versions import export_rows

    data = dataset_of(spec, dataset)
    if out.suffix.lower() not in (".csv", ".parquet", ".json", ".jsonl"):
        raise Wrong(
            "",
            f"'{out.name}' has no ending that is known",
            "a file that ends in .csv, .parquet, .json or .jsonl",
        )
    snapshot = version_of(catalog, dataset, at)
    aside = out.with_name(aside_name(out) + out.suffix)
    rows = export_rows(
        where_of(spec).store / snapshot["path"] / "rows",
        snapshot["delta"],
        aside,
        list(data.fields) if data.anonymity else None,
    )
    aside.replace(out)
    return {"dataset": dataset, "version": snapshot["id"], "rows": rows, "written": str(out)}
