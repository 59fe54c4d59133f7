"""An open alert as the world shows it, without the values that it keeps. Knows JSON's objects."""

from __future__ import annotations

from collections.abc import Mapping

ShownAlert = Mapping[str, object]


def read_section(settings: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A part of settings or of JSON that is an object; an empty one where there is none."""
    section = settings.get(key)
    return section if isinstance(section, Mapping) else {}


def read_detail(alert: ShownAlert) -> Mapping[str, object]:
    """The detail of an alert."""
    return read_section(alert, "detail")
