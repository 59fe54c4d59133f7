"""Which version of a model a report describes, and which came after it. Knows the catalog."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec

TOLD = ("id", "state", "why", "metrics", "recipe", "snapshot", "at")


def reported_version(
    spec: Spec, catalog: Catalog, model: str, answering: Collection[str] = ()
) -> dict[str, Any] | None:
    """The version of a model that a service answers by; else the newest champion; else the newest.
    None where there is none.

    Args:
        answering: the versions that a running gateway answers by, where one is at hand.

    Returns:
        Its record, and under `others` those made after it, each with its leading figure, and
        whether a rollout tries it.
    """
    from mesocosm.learning.evaluation.model_card import leading_metric

    versions = catalog.versions(model)
    deployed = {
        row["version"]
        for name, s in spec.eco.services.items()
        if s.serves == model and (row := catalog.deployment(name))
    }
    serving = (
        [v for v in versions if v["id"] in {*answering, *deployed}]
        or [v for v in versions if v["state"] == "champion"]
        or versions
    )
    if not serving:
        return None
    now = serving[-1]
    tried = {
        row["version"]: f"in a {row['strategy']} of '{name}'"
        for name in spec.eco.services
        if (row := catalog.rollout(name))
    }
    others = [
        _other(v, leading_metric(v["metrics"]), tried.get(v["id"], "not in service"))
        for v in versions
        if v["number"] > now["number"]
    ]
    return {k: now[k] for k in TOLD} | {"others": others}


def _other(version: Mapping[str, Any], figure: str, does: str) -> dict[str, Any]:
    return {
        "id": version["id"],
        "state": version["state"],
        "does": does,
        "why": version["why"],
        "figure": figure,
        "value": version["metrics"].get(figure),
    }
