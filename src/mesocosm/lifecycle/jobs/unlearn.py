"""Versions that learnt from erased rows, made anew without them where that can be done exactly.

Knows the catalog and the door of learn. The old version's files are gone afterwards, whoever it
served.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest, digest_folder


class _Kept(Exception):
    """This version stays as it is."""


def unlearn(
    catalog: Catalog,
    store: Path,
    models: Sequence[str],
    snapshot: str,
    rows: Sequence[int],
    who: str,
) -> list[dict[str, Any]]:
    """Take rows of a snapshot out of the champions that learnt from it; returns what was done, a
    certificate each.

    Args:
        models: the models that learn the dataset.
        rows: the snapshot's numbers of the erased rows.
    """
    done = []
    for name in models:
        for version in catalog.versions(name):
            if version["snapshot"] == snapshot and version["state"] == "champion":
                certificate = _one(catalog, store, version, rows, who)
                if certificate:
                    done.append(certificate)
    return done


def _one(
    catalog: Catalog, store: Path, old: Mapping[str, Any], rows: Sequence[int], who: str
) -> dict[str, Any] | None:
    from mesocosm.learning.heads.unlearning import forget

    folder = store / "models" / old["model"] / digest(old["made"], old["id"], sorted(rows), size=8)
    try:
        with folder_appears(folder) as aside:
            certificate = forget(store / old["path"], aside, rows)
            if certificate is None:
                raise _Kept
    except _Kept:
        return None
    number, content = catalog.next_number(old["model"]), digest_folder(folder)
    new = f"{old['model']}-v{number}-{content[:6]}"
    told = (
        f"{old['id']} less {certificate['rows']} erased rows, equal to solving anew within"
        f" {certificate['within']:g} (difference {certificate['difference']:.1e})"
    )
    taught = old["recipe"]["rows"] | {"train": old["recipe"]["rows"]["train"] - certificate["rows"]}
    values = dict(old) | {
        "id": new,
        "number": number,
        "path": str(folder.relative_to(store)),
        "content": content,
        "origin": "forget",
        "why": told,
        "at": catalog.clock(),
        "metrics": old["metrics"] | {"forgetting": certificate, "measured_on": old["id"]},
        "recipe": old["recipe"] | {"rows": taught},
    }
    with catalog.transaction() as con:
        con.execute(insert(t.VERSIONS).values(**values))
        catalog.set_version_state(
            con,
            old["id"],
            "erased",
            f"replaced by {new}, which has forgotten erased rows; its files are gone",
        )
        con.execute(update(t.RESOURCES).where(t.RESOURCES.c.thing == old["id"]).values(thing=new))
        for service in sorted({row["service"] for row in catalog.rows(t.DEPLOYMENTS.select())}):
            now = catalog.deployment(service)
            if now and now["version"] == old["id"]:
                catalog.deploy(con, service, new, now["answers"], who, told)
        catalog.write_audit(con, who, "forget", new, told)
    shutil.rmtree(store / old["path"], ignore_errors=True)
    return {"from": old["id"], "to": new, **certificate}
