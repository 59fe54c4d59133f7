"""A rollout moved on in the catalog: promoted or taken back, each in one transaction. Knows the catalog; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.base.errors import Failure
from mesocosm.catalog import Catalog


def promoted(catalog: Catalog, rollout: Mapping[str, Any], who: str, why: str, detail: Mapping[str, Any] | None = None) -> bool:
    """Put the new version into service for good; says whether it was this call that did."""
    with catalog.transaction() as con:
        values: dict[str, Any] = {"state": "promoted", "why": why, "ended_at": catalog.clock()}
        if not catalog.move_rollout(con, dict(rollout), who, **values, **({"detail": dict(detail)} if detail else {})):
            return False
        catalog.deploy(con, rollout["service"], rollout["version"], rollout["answers"], who, f"{rollout['strategy']} promoted: {why}")
        if rollout["before"] and rollout["before"] != rollout["version"]:
            catalog.judge(con, rollout["before"], "retired", f"replaced by {rollout['version']}: {why}")
        if rollout["version"]:
            catalog.judge(con, rollout["version"], "champion", f"{rollout['strategy']} promoted: {why}")
    catalog.clear(f"rollout-{rollout['service']}", "another version was promoted")
    return True


def returned(catalog: Catalog, rollout: Mapping[str, Any], who: str, why: str, detail: Mapping[str, Any] | None = None) -> bool:
    """Take the new version back; the one before has served all along. Says whether it was this call that did."""
    with catalog.transaction() as con:
        values: dict[str, Any] = {"state": "returned", "why": why, "ended_at": catalog.clock()}
        if not catalog.move_rollout(con, dict(rollout), who, **values, **({"detail": dict(detail)} if detail else {})):
            return False
        if rollout["version"]:
            catalog.judge(con, rollout["version"], "retired", f"{rollout['strategy']} returned: {why}")
    return True


def promote(catalog: Catalog, service: str, who: str, why: str) -> dict[str, Any]:
    """Promote by hand.

    Raises:
        Failure: no rollout is under way.
    """
    rollout = catalog.rollout(service)
    if rollout is None or not promoted(catalog, rollout, who, why):
        raise Failure(f"no rollout of '{service}' is under way; 'mesocosm status' shows those that are")
    return {"service": service, "from": rollout["before"], "to": rollout["version"], "why": why}
