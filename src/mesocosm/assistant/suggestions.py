"""Suggested changes to the file, backed by measurements: each with its evidence, and accepted by
the check of the file.

Knows what the other modules suggest, and the file. Changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypedDict

from mesocosm.assistant.data_suggestions import suggest_for_data
from mesocosm.assistant.model_suggestions import suggest_for_models
from mesocosm.assistant.service_suggestions import suggest_for_monitors, suggest_for_services
from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.config.editor import set_value
from mesocosm.config.loader import read_text
from mesocosm.core.errors import ConfigError


class SuggestedChange(TypedDict):
    """The path of a setting, what it is and would be, and the evidence."""

    at: str
    was: object
    would: object
    because: str


def suggest_changes(spec: Spec, catalog: Catalog) -> list[SuggestedChange]:
    """Changes that measurements support, in the order of the file; each alone, and all together,
    pass the check.

    Returns:
        Of each the setting's path (`at`), what it `was`, what it `would` be, and the evidence
        (`because`).
    """
    accepted = []
    text = spec.path.read_text(encoding="utf-8-sig")
    for proposal in (
        *suggest_for_data(spec, catalog),
        *suggest_for_models(spec, catalog),
        *suggest_for_services(spec, catalog),
        *suggest_for_monitors(spec, catalog),
    ):
        change: SuggestedChange = {
            "at": proposal.at,
            "was": proposal.was,
            "would": proposal.would,
            "because": proposal.because,
        }
        try:
            changed = apply_changes(text, spec.path.name, [change])
            read_text(changed, spec.path, os.environ)
        except ConfigError:
            continue
        accepted.append(change)
        text = changed
    return accepted


def apply_changes(text: str, file: str, changes: Sequence[SuggestedChange]) -> str:
    """The file's text with all changes."""
    for change in changes:
        text = set_value(text, file, tuple(change["at"].split(".")), change["would"])
    return text
