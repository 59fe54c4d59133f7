"""A source is a spring in a cliff; flow is its rows, dry is one that was never read."""

from __future__ import annotations

from typing import Any

from mesocosm.world.elements.view import View


def spring(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the spring shows."""
    listed = view.catalog.listed.get(f"sources.{name}")
    kind = str(settings["type"])
    says = f"Source {name}: {kind}" + ("" if listed else ", not read yet")
    return {"state": "fine" if listed else "unknown", "level": 1.0 if listed else None, "says": says, "facts": {"type": kind}}
