"""Versions that were trained on erased rows, fitted again without them where that can be done
exactly.

Knows the catalog and the door of learning. The old version's files are deleted, whatever it served.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import DeploymentRow
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest, digest_folder


class _Unchanged(Exception):
    """This version stays as it is."""


def unlearn(
    catalog: Catalog,
    store: Path,
    models: Sequence[str],
    snapshot: str,
    rows: Sequence[int],
    who: str,
) -> list[dict[str, Any]]:
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
    done = []
    for name in models:
        for version in catalog.versions(name):
            if version["snapshot"] == snapshot and version["state"] == "champion":
                certificate = _replace(catalog, store, version, rows, who)
                if certificate:
                    done.append(certificate)
    return done


def _replace(
    catalog: Catalog, store: Path, old: Mapping[str, Any], rows: Sequence[int], who: str
) -> dict[str, Any] | None:
    """Replace a version by one without some rows; None where that cannot be done exactly."""
    from mesocosm.learning.heads.unlearning import unlearn_rows

    folder = store / "models" / old["model"] / digest(old["made"], old["id"], sorted(rows), size=8)
    try:
        with folder_appears(folder) as aside:
            certificate = unlearn_rows(store / old["path"], aside, rows)
            if certificate is None:
                raise _Unchanged
    except _Unchanged:
        return None
    number, content = catalog.next_number(old["model"]), digest_folder(folder)
    new = f"{old['model']}-v{number}-{content[:6]}"
    why = (
        f"{old['id']} without {certificate['rows']} erased rows, equal to fitting again within"
        f" {certificate['within']:g} (difference {certificate['difference']:.1e})"
    )
    counts = old["recipe"]["rows"] | {"train": old["recipe"]["rows"]["train"] - certificate["rows"]}
    values = dict(old) | {
        "id": new,
        "number": number,
        "path": str(folder.relative_to(store)),
        "content": content,
        "origin": "forget",
        "why": why,
        "at": catalog.clock(),
        "metrics": old["metrics"] | {"forgetting": certificate, "measured_on": old["id"]},
        "recipe": old["recipe"] | {"rows": counts},
    }
    with catalog.transaction() as con:
        con.execute(insert(t.VERSIONS).values(**values))
        catalog.set_version_state(
            con,
            old["id"],
            "erased",
            f"replaced by {new}, which has unlearnt erased rows; its files are deleted",
        )
        con.execute(update(t.RESOURCES).where(t.RESOURCES.c.thing == old["id"]).values(thing=new))
        for service in sorted(
            {row["service"] for row in catalog.rows(t.DEPLOYMENTS.select(), DeploymentRow)}
        ):
            now = catalog.deployment(service)
            if now and now["version"] == old["id"]:
                catalog.deploy(con, service, new, now["answers"], who, why)
        catalog.write_audit(con, who, "forget", new, why)
    shutil.rmtree(store / old["path"], ignore_errors=True)
    return {"from": old["id"], "to": new, **certificate}
