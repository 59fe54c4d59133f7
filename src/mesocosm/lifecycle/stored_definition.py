"""What the catalog holds of a resource's settings, in the words and the form of now."""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.catalog.rows import ResourceRow
from mesocosm.config.migrations.rename import rename_data
from mesocosm.core.records import Json
from mesocosm.core.settings import Settings
from mesocosm.core.values.json_shapes import read_object
from mesocosm.core.written_settings import normalise_settings
from mesocosm.data.dataset import Dataset
from mesocosm.data.sources import SOURCES
from mesocosm.data.sources.source import SourceKind
from mesocosm.learning.model import Model
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.settings import Service
from mesocosm.world.settings import WorldPlace

Stored = Mapping[str, Mapping[str, object]]
KINDS: dict[str, type[Settings]] = {
    "datasets": Dataset,
    "models": Model,
    "services": Service,
    "monitors": Monitor,
    "places": WorldPlace,
}


def stored_definition(row: ResourceRow) -> Stored:
    """The settings of a row of the catalog's resources: `made_by` and `run_by`.

    A row that an earlier version wrote has words of grammar 1 and every default; both are put right
    here, so that it differs from the file's settings only where those differ.
    """
    section = str(row["address"]).split(".", 1)[0]
    definition = row["definition"] or {}
    stored: dict[str, dict[str, Json]] = {}
    for part in ("made_by", "run_by"):
        stored[part] = _normalise(section, dict(definition.get(part) or {}), part)
    return stored


def _normalise(section: str, settings: dict[str, Json], part: str) -> dict[str, Json]:
    words = _in_words_of_now(section, settings)
    if part == "made_by" and section in ("services", "monitors", "places", "world"):
        return words  # names of other resources, and no settings
    kind = KINDS.get(section)
    if section == "sources":
        kind = SOURCES.get(str(words.get("type")), SourceKind)
    if kind is None:
        return words
    return normalise_settings(kind, words)


def _in_words_of_now(section: str, settings: dict[str, Json]) -> dict[str, Json]:
    """The settings of a resource in words of grammar 2."""
    inside: dict[str, Json] = {section: {"it": settings}}
    if section == "places":
        inside = {"world": {"places": {"it": settings}}}
    renamed = read_object(rename_data(inside))
    if section == "places":
        renamed = read_object(renamed["world"])
    return dict(read_object(read_object(renamed[section])["it"]))
