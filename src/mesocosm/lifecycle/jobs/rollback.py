"""The way back: the version that served before put into service again.

Knows the catalog's deployments and a rollout under way.
"""

from __future__ import annotations

from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.core.errors import Failure
from mesocosm.serving.rollout.transitions import returned


def rollback(catalog: Catalog, service: str, who: str, why: str) -> dict[str, Any]:
    """Put the version that served before back into service; a rollout that is under way is taken
    back.

    Raises:
        Failure: there is none.
    """
    under_way = catalog.rollout(service)
    if under_way and returned(catalog, under_way, who, why):
        return {
            "service": service,
            "from": under_way["version"],
            "to": under_way["before"],
            "why": why,
        }
    history = catalog.deployments(service)
    if not history:
        raise Failure(f"the service '{service}' was never deployed")
    now = history[0]
    before = next(
        (h for h in history if (h["version"], h["weights"]) != (now["version"], now["weights"])),
        None,
    )
    if before is None:
        raise Failure(
            f"{service} has served {now['version'] or 'its answers'} only; there is nothing to go"
            " back to"
        )
    with catalog.transaction() as con:
        catalog.deploy(con, service, before["version"], now["answers"], who, why, before["weights"])
        if before["version"] != now["version"]:
            if now["version"]:
                catalog.set_version_state(con, now["version"], "retired", f"rolled back: {why}")
            catalog.set_version_state(con, before["version"], "champion", f"put back: {why}")
    return {"service": service, "from": now["version"], "to": before["version"], "why": why}
