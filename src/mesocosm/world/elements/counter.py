"""A place is a counter, a desk or the like, with its inhabitant."""

from __future__ import annotations

from typing import Any

from mesocosm.world.elements.view import View


def counter(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the place shows."""
    who = (settings.get("inhabitant") or {}).get("name")
    here = view.catalog.deployment(settings["shows"]) is not None
    says = f"Place {name}: {settings['as']} of {settings['shows']}" + (f", {who} is here" if who else "")
    return {"state": "fine" if here else "unknown", "says": says, "inhabitant": who, "speaks_for": settings["shows"], "form": settings["as"], "facts": {"form": settings["as"]}}
