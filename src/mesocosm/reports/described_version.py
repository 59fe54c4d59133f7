"""Which version of a model a report describes, and which came after it. Knows the catalog."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import VersionRow
from mesocosm.config import Spec
from mesocosm.core.values.json_shapes import read_number
from mesocosm.reports.report_data import LaterVersionData, ModelData


def choose_reported_version(
    spec: Spec, catalog: Catalog, model: str, answering: Collection[str] = ()
) -> ModelData | None:
    """The version of a model that a service runs; else the newest champion; else the newest. None
    where there is none.

    Args:
        spec: the file.
        catalog: the catalog.
        model: the model's name.
        answering: the versions that a running gateway serves, where one is running.

    Returns:
        Its record, and under `others` those made after it, each with its leading metric, and
        whether a rollout tries it.
    """
    from mesocosm.learning.evaluation.metrics import list_gates

    versions = catalog.versions(model)
    if not versions:
        return None
    now = _choose_version(versions, {*answering, *_deployed_versions(spec, catalog, model)})
    rollouts = _rollouts(spec, catalog)
    others = [
        _describe_other(version, rollouts.get(version["id"], "not deployed"))
        for version in versions
        if version["number"] > now["number"]
    ]
    return {
        "id": now["id"],
        "state": now["state"],
        "why": now["why"],
        "metrics": now["metrics"],
        "recipe": now["recipe"],
        "snapshot": now["snapshot"],
        "at": now["at"],
        "gates": list_gates(_gates_of(spec, model), now["metrics"]),
        "others": others,
    }


def _gates_of(spec: Spec, model: str) -> dict[str, str]:
    """The gates of a model; none where it has left the file."""
    found = spec.eco.models.get(model)
    return dict(found.require) if found else {}


def _choose_version(versions: Sequence[VersionRow], deployed: Collection[str]) -> VersionRow:
    """The newest of the deployed versions, else of the champions, else of all."""
    running = [version for version in versions if version["id"] in deployed]
    if running:
        return running[-1]
    return choose_champion(versions)


def choose_champion(versions: Sequence[VersionRow]) -> VersionRow:
    """The newest champion; the newest version where there is none."""
    champions = [version for version in versions if version["state"] == "champion"]
    return (champions or versions)[-1]


def _deployed_versions(spec: Spec, catalog: Catalog, model: str) -> set[str]:
    """The versions that services of a model run."""
    deployed = set[str]()
    for name, service in spec.eco.services.items():
        deployment = catalog.deployment(name)
        if deployment and service.model == model:
            deployed.add(deployment["version"])
    return deployed


def _rollouts(spec: Spec, catalog: Catalog) -> dict[str, str]:
    """The versions that a rollout tries, and where."""
    tried: dict[str, str] = {}
    for name in spec.eco.services:
        rollout = catalog.rollout(name)
        if rollout:
            tried[rollout["version"]] = f"in a {rollout['strategy']} of '{name}'"
    return tried


def _describe_other(version: VersionRow, does: str) -> LaterVersionData:
    """A later version with its leading metric."""
    from mesocosm.learning.evaluation.model_card import leading_metric

    figure = leading_metric(version["metrics"])
    return {
        "id": version["id"],
        "state": version["state"],
        "does": does,
        "why": version["why"],
        "figure": figure,
        "value": read_number(version["metrics"].get(figure)),
    }
