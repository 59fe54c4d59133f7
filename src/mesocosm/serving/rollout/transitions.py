"""What serves, changed in the catalog: a rollout promoted or taken back, answers recalibrated, a
simpler model put in, each in one transaction.

Knows the catalog; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.core.errors import Failure


def promoted(
    catalog: Catalog,
    rollout: Mapping[str, Any],
    who: str,
    why: str,
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """Put the new version into service for good; says whether it was this call that did."""
    with catalog.transaction() as con:
        values: dict[str, Any] = {"state": "promoted", "why": why, "ended_at": catalog.clock()}
        if not catalog.move_rollout(
            con, dict(rollout), who, **values, **({"detail": dict(detail)} if detail else {})
        ):
            return False
        catalog.deploy(
            con,
            rollout["service"],
            rollout["version"],
            rollout["answers"],
            who,
            f"{rollout['strategy']} promoted: {why}",
        )
        if rollout["before"] and rollout["before"] != rollout["version"]:
            catalog.set_version_state(
                con, rollout["before"], "retired", f"replaced by {rollout['version']}: {why}"
            )
        if rollout["version"]:
            catalog.set_version_state(
                con, rollout["version"], "champion", f"{rollout['strategy']} promoted: {why}"
            )
    catalog.clear(f"rollout-{rollout['service']}", "another version was promoted")
    return True


def returned(
    catalog: Catalog,
    rollout: Mapping[str, Any],
    who: str,
    why: str,
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """Take the new version back; the one before has served all along. Says whether it was this call
    that did.
    """
    with catalog.transaction() as con:
        values: dict[str, Any] = {"state": "returned", "why": why, "ended_at": catalog.clock()}
        if not catalog.move_rollout(
            con, dict(rollout), who, **values, **({"detail": dict(detail)} if detail else {})
        ):
            return False
        if rollout["version"]:
            catalog.set_version_state(
                con, rollout["version"], "retired", f"{rollout['strategy']} returned: {why}"
            )
    return True


def promote(catalog: Catalog, service: str, who: str, why: str) -> dict[str, Any]:
    """Promote by hand.

    Raises:
        Failure: no rollout is under way.
    """
    rollout = catalog.rollout(service)
    if rollout is None or not promoted(catalog, rollout, who, why):
        raise Failure(
            f"no rollout of '{service}' is under way; 'mesocosm status' shows those that are"
        )
    return {"service": service, "from": rollout["before"], "to": rollout["version"], "why": why}


def recalibrated(
    catalog: Catalog, service: str, weights: Mapping[str, float], who: str, why: str
) -> bool:
    """Weight a service's answers by how many times more often each class comes; False where nothing
    serves.
    """
    now = catalog.deployment(service)
    if now is None or not now["version"]:
        return False
    with catalog.transaction() as con:
        catalog.deploy(
            con, service, now["version"], now["answers"], who, f"recalibrated: {why}", weights
        )
    return True


def simpler(catalog: Catalog, model: str | None) -> str:
    """The version of a fallback model that would serve; empty where there is none."""
    fit = [v["id"] for v in catalog.versions(model) if v["state"] == "champion"] if model else []
    return str(fit[-1]) if fit else ""


def fallen_back(catalog: Catalog, service: str, model: str | None, who: str, why: str) -> bool:
    """Put the simpler model into service; False where it serves already or there is none."""
    now, version = catalog.deployment(service), simpler(catalog, model)
    if now is None or not version or now["version"] == version:
        return False
    with catalog.transaction() as con:
        catalog.deploy(con, service, version, now["answers"], who, f"fell back to {model}: {why}")
    return True
