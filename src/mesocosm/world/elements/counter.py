"""A place is a counter, a desk or the like, with its inhabitant."""

from __future__ import annotations

from typing import Any

from mesocosm.world.booths import stalls
from mesocosm.world.elements.view import View


def counter(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the place shows."""
    who = (settings.get("inhabitant") or {}).get("name")
    shown = stalls(
        settings["as"], settings.get("counts"), view.answers(settings["shows"]), view.alerts
    )
    storm = next((s for s in shown if s["state"] == "alarm"), None)
    here = view.catalog.deployment(settings["shows"]) is not None
    says = f"Place {name}: {settings['as']} of {settings['shows']}" + (
        f", {who} is here" if who else ""
    )
    if storm:
        says += f"; {storm['says']}"
    return {
        "state": "alarm" if storm else "fine" if here else "unknown",
        "says": says,
        "inhabitant": who,
        "speaks_for": settings["shows"],
        "form": settings["as"],
        "stalls": shown,
        "facts": {"form": settings["as"]},
    }
