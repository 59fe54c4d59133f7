"""What the catalog holds of a resource's settings, in the words and the form of now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.config.migrations.rename import rename_data
from mesocosm.core.settings import Settings
from mesocosm.core.written_settings import normalise_settings
from mesocosm.data.dataset import Dataset
from mesocosm.data.sources import SOURCES
from mesocosm.data.sources.source import SourceKind
from mesocosm.learning.model import Model
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.settings import Service
from mesocosm.world.settings import WorldPlace

KINDS: dict[str, type[Settings]] = {
    "datasets": Dataset,
    "models": Model,
    "services": Service,
    "monitors": Monitor,
    "places": WorldPlace,
}


def stored_definition(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings of a row of the catalog's resources: `made_by` and `run_by`.

    A row that an earlier version wrote has words of grammar 1 and every default; both are put right
    here, so that it differs from the file's settings only where those differ.
    """
    section = str(row["address"]).split(".", 1)[0]
    definition = row["definition"] or {}
    return {
        part: _normalised(section, dict(definition.get(part) or {}), part)
        for part in ("made_by", "run_by")
    }


def _normalised(section: str, settings: dict[str, Any], part: str) -> dict[str, Any]:
    inside = (
        {"world": {"places": {"it": settings}}}
        if section == "places"
        else {section: {"it": settings}}
    )
    renamed = rename_data(inside)
    words = renamed["world"]["places"]["it"] if section == "places" else renamed[section]["it"]
    if part == "made_by" and section in ("services", "monitors", "places", "world"):
        return dict(words)  # names of other resources, and no settings
    kind = KINDS.get(section)
    if section == "sources":
        kind = SOURCES.get(str(words.get("type")), SourceKind)
    return normalise_settings(kind, words) if kind else dict(words)
