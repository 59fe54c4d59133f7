"""Rollback: the previous version deployed again.

Knows the catalog's deployments and a rollout in progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import DeploymentRow
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.serving.rollout.transitions import roll_back

ServiceRollback = TypedDict("ServiceRollback", {"service": str, "from": str, "to": str, "why": str})
"""The version a service went `from`, and the one it runs now."""


def rollback(catalog: Catalog, service: str, who: str, why: str) -> ServiceRollback:
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
    now, before = history[0], _find_previous(history)
    _deploy_again(catalog, now, before, who, why)
    return {"service": service, "from": now["version"], "to": before["version"], "why": why}


def _find_previous(history: Sequence[DeploymentRow]) -> DeploymentRow:
    """The newest deployment that differs from the one of now in its version or its weights.

    Raises:
        MesocosmError: there is none.
    """
    now = history[0]
    for row in history:
        if (row["version"], row["weights"]) != (now["version"], now["weights"]):
            return row
    raise MesocosmError(
        Message(
            "lifecycle.no_previous_deployment",
            service=now["service"],
            version=now["version"] or "its answers",
        )
    )


def _deploy_again(
    catalog: Catalog, now: DeploymentRow, before: DeploymentRow, who: str, why: str
) -> None:
    """Deploy the version of an earlier deployment, and mark what becomes of both versions."""
    with catalog.transaction() as con:
        answers, weights = now["answers"], before["weights"]
        catalog.deploy(con, now["service"], before["version"], answers, who, why, weights)
        if before["version"] == now["version"]:
            return
        if now["version"]:
            catalog.set_version_state(con, now["version"], "retired", f"rolled back: {why}")
        catalog.set_version_state(con, before["version"], "champion", f"rolled back to: {why}")
