"""A place is a counter, a desk or the like, with its inhabitant."""

from __future__ import annotations

from typing import Any

from mesocosm.world.booths import describe_booths
from mesocosm.world.elements.view import View


def counter(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the place shows."""
    inhabitant = (settings.get("inhabitant") or {}).get("name")
    service, form = settings["service"], settings["as"]
    booths = describe_booths(form, settings.get("counts"), view.answers(service), view.alerts)
    storm = next((booth for booth in booths if booth["state"] == "alarm"), None)
    says = f"Place {name}: {form} of {service}"
    if inhabitant:
        says += f", {inhabitant} is here"
    state = "unknown"
    if storm:
        says += f"; {storm['says']}"
        state = "alarm"
    elif view.catalog.deployment(service) is not None:
        state = "fine"
    return {
        "state": state,
        "says": says,
        "inhabitant": inhabitant,
        "speaks_for": service,
        "form": form,
        "stalls": booths,
        "facts": {"form": form},
    }
