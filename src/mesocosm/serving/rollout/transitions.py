"""What is deployed, changed in the catalog: a rollout promoted or rolled back, predictions
recalibrated, a fallback deployed, each in one transaction.

Knows the catalog; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import RolloutRow
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message


def promote_candidate(
    catalog: Catalog,
    rollout: RolloutRow,
    who: str,
    why: str,
    detail: Mapping[str, object] | None = None,
) -> bool:
    """Promote the candidate of a rollout; returns whether this call did."""
    with catalog.transaction() as con:
        if not catalog.move_rollout(
            con, rollout, who, **_end_values(catalog, "promoted", why, detail)
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


def _end_values(
    catalog: Catalog, state: str, why: str, detail: Mapping[str, object] | None
) -> dict[str, object]:
    values: dict[str, object] = {"state": state, "why": why, "ended_at": catalog.clock()}
    if detail:
        values["detail"] = dict(detail)
    return values


def roll_back(
    catalog: Catalog,
    rollout: RolloutRow,
    who: str,
    why: str,
    detail: Mapping[str, object] | None = None,
) -> bool:
    """Roll the candidate of a rollout back; the version before has served all along. Returns
    whether this call did.
    """
    with catalog.transaction() as con:
        if not catalog.move_rollout(
            con, rollout, who, **_end_values(catalog, "returned", why, detail)
        ):
            return False
        if rollout["version"]:
            catalog.set_version_state(
                con, rollout["version"], "retired", f"{rollout['strategy']} rolled back: {why}"
            )
    return True


def promote(catalog: Catalog, service: str, who: str, why: str) -> dict[str, str]:
    """Promote by hand.

    Raises:
        MesocosmError: no rollout is in progress.
    """
    rollout = catalog.rollout(service)
    if rollout is None or not promote_candidate(catalog, rollout, who, why):
        raise MesocosmError(Message("serving.no_rollout", service=service))
    return {"service": service, "from": rollout["before"], "to": rollout["version"], "why": why}


def recalibrate(
    catalog: Catalog, service: str, weights: Mapping[str, float], who: str, why: str
) -> bool:
    """Weight a service's probabilities by how many times more frequent each class became; False
    where nothing is deployed.
    """
    now = catalog.deployment(service)
    if now is None or not now["version"]:
        return False
    with catalog.transaction() as con:
        catalog.deploy(
            con, service, now["version"], now["answers"], who, f"recalibrated: {why}", weights
        )
    return True


def find_fallback(catalog: Catalog, model: str | None) -> str:
    """The champion version of a fallback model; empty where there is none."""
    if not model:
        return ""
    champions = [v["id"] for v in catalog.versions(model) if v["state"] == "champion"]
    return str(champions[-1]) if champions else ""


def fall_back(catalog: Catalog, service: str, model: str | None, who: str, why: str) -> bool:
    """Deploy the fallback model; False where it is deployed already or there is none."""
    now, version = catalog.deployment(service), find_fallback(catalog, model)
    if now is None or not version or now["version"] == version:
        return False
    with catalog.transaction() as con:
        catalog.deploy(con, service, version, now["answers"], who, f"fell back to {model}: {why}")
    return True
