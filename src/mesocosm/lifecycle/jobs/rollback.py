"""Rollback: the previous version deployed again.

Knows the catalog's deployments and a rollout in progress.
"""

from __future__ import annotations

from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.serving.rollout.transitions import roll_back


def rollback(catalog: Catalog, service: str, who: str, why: str) -> dict[str, Any]:
    """Deploy the previous version again; a rollout that is in progress is reverted.

    Raises:
        MesocosmError: there is no previous version.
    """
    rollout = catalog.rollout(service)
    if rollout and roll_back(catalog, rollout, who, why):
        return {
            "service": service,
            "from": rollout["version"],
            "to": rollout["before"],
            "why": why,
        }
    history = catalog.deployments(service)
    if not history:
        raise MesocosmError(Message("lifecycle.never_deployed", service=service))
    now = history[0]
    before = next(
        (h for h in history if (h["version"], h["weights"]) != (now["version"], now["weights"])),
        None,
    )
    if before is None:
        raise MesocosmError(
            f"{service} has served {now['version'] or 'its answers'} only; there is no previous"
            " version"
        )
    with catalog.transaction() as con:
        catalog.deploy(con, service, before["version"], now["answers"], who, why, before["weights"])
        if before["version"] != now["version"]:
            if now["version"]:
                catalog.set_version_state(con, now["version"], "retired", f"rolled back: {why}")
            catalog.set_version_state(con, before["version"], "champion", f"rolled back to: {why}")
    return {"service": service, "from": now["version"], "to": before["version"], "why": why}
