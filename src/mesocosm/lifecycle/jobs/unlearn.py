"""Versions that were trained on erased rows, fitted again without them where that can be done
exactly.

Knows the catalog and the door of learning. The old version's files are deleted, whatever it served.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import DeploymentRow, VersionRow
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest, digest_folder
from mesocosm.core.records import Record
from mesocosm.learning.tasks.registry import recorded_task

WHY_TRAINED = "trained on a subject that was erased since"


@dataclass(frozen=True, slots=True)
class Unlearned(Record):
    """The certificate of a version that is fitted without some rows.

    Args:
        before: the id of the version that it replaced.
        to: its own id.
        rows: how many rows were removed.
        left: how many are left.
        seconds: how long removing them took.
        refit_seconds: how long fitting again takes.
        difference: the greatest difference of a weight to fitting again.
        within: the difference that is allowed.
        equal: whether it is within that.
        settings: of the head.
    """

    before: str = field(metadata={"key": "from"})
    to: str
    rows: int
    left: int
    seconds: float
    refit_seconds: float
    difference: float
    within: float
    equal: bool
    settings: Mapping[str, float]


class _Unchanged(Exception):
    """This version stays as it is."""


def unlearn(
    catalog: Catalog,
    store: Path,
    models: Sequence[str],
    snapshot: str,
    rows: Sequence[int],
    who: str,
) -> list[Unlearned]:
    """Take rows of a snapshot out of the champions that were trained on it.

    Args:
        catalog: where versions are listed.
        store: the folder `.mesocosm`.
        models: the models of the dataset.
        snapshot: the id of the snapshot.
        rows: the snapshot's numbers of the erased rows.
        who: who asked, for the audit.

    Returns:
        A certificate for each version that was replaced.
    """
    champions: list[VersionRow] = []
    for name in models:
        champions += _champions_of(catalog, name, snapshot)
    replaced = [_replace(catalog, store, version, rows, who) for version in champions]
    return [certificate for certificate in replaced if certificate]


def _champions_of(catalog: Catalog, model: str, snapshot: str) -> list[VersionRow]:
    """The champions of a model that were trained on a snapshot."""
    trained = [v for v in catalog.versions(model) if v["snapshot"] == snapshot]
    return [version for version in trained if version["state"] == "champion"]


def _replace(
    catalog: Catalog, store: Path, old: VersionRow, rows: Sequence[int], who: str
) -> Unlearned | None:
    """Replace a version by one without some rows; None where that cannot be done exactly."""
    folder = store / "models" / old["model"] / digest(old["made"], old["id"], sorted(rows), size=8)
    facts = _unlearn_files(store / old["path"], folder, rows)
    if facts is None:
        return None
    number, content = catalog.next_number(old["model"]), digest_folder(folder)
    new = f"{old['model']}-v{number}-{content[:6]}"
    done = Unlearned.from_json({"from": old["id"], "to": new, **facts})
    why = (
        f"{old['id']} without {done.rows} erased rows, equal to fitting again within"
        f" {done.within:g} (difference {done.difference:.1e})"
    )
    counts = old["recipe"]["rows"] | {"train": old["recipe"]["rows"]["train"] - done.rows}
    values = dict(old) | {
        "id": new,
        "number": number,
        "path": str(folder.relative_to(store)),
        "content": content,
        "origin": "forget",
        "why": why,
        "at": catalog.clock(),
        "metrics": {**old["metrics"], "forgetting": dict(facts), "measured_on": old["id"]},
        "recipe": {**old["recipe"], "rows": counts},
    }
    _list_version(catalog, old["id"], new, values, who)
    shutil.rmtree(store / old["path"], ignore_errors=True)
    return done


def _unlearn_files(before: Path, folder: Path, rows: Sequence[int]) -> Mapping[str, object] | None:
    """Write a version without some rows into a folder; its certificate, or None where that cannot
    be done exactly, and there is no folder then.
    """
    from mesocosm.learning.heads.unlearning import unlearn_rows

    try:
        with folder_appears(folder) as aside:
            certificate = unlearn_rows(before, aside, rows)
            if certificate is None:
                raise _Unchanged
    except _Unchanged:
        return None
    return certificate


def _list_version(
    catalog: Catalog, old: str, new: str, values: Mapping[str, object], who: str
) -> None:
    """List a version in place of another, and deploy it wherever that one ran."""
    why = str(values["why"])
    with catalog.transaction() as con:
        con.execute(insert(t.VERSIONS).values(**values))
        catalog.set_version_state(
            con,
            old,
            "erased",
            f"replaced by {new}, which has unlearnt erased rows; its files are deleted",
        )
        con.execute(update(t.RESOURCES).where(t.RESOURCES.c.thing == old).values(thing=new))
        deployments = catalog.rows(t.DEPLOYMENTS.select(), DeploymentRow)
        for service in sorted({row["service"] for row in deployments}):
            now = catalog.deployment(service)
            if now and now["version"] == old:
                catalog.deploy(con, service, new, now["answers"], who, why)
        catalog.write_audit(con, who, "forget", new, why)


def note_erasure(con: Connection, version: str) -> None:
    """Note at a version that it was trained on an erased subject."""
    row = t.VERSIONS.c.id == version
    why = con.execute(select(t.VERSIONS.c.why).where(row)).scalar() or ""
    if WHY_TRAINED not in why:
        noted = f"{why}; {WHY_TRAINED}".strip("; ")
        con.execute(update(t.VERSIONS).where(row).values(why=noted))


def erase_texts(
    store: Path, versions: Sequence[VersionRow], rows: set[int]
) -> dict[str, dict[str, object]]:
    """Take the texts of erased rows out of what versions keep of them: examples beside their
    metrics, and the index of a retriever.

    Returns:
        What changed of each record, by version.
    """
    changed: dict[str, dict[str, object]] = {}
    for version in versions:
        if version["metrics"].get("examples"):
            changed[version["id"]] = {"metrics": version["metrics"] | {"examples": []}}
        folder = store / version["path"]
        if folder.is_dir() and recorded_task(version["recipe"]).erase_rows(folder, rows):
            changed.setdefault(version["id"], {})["content"] = digest_folder(folder)
    return changed
