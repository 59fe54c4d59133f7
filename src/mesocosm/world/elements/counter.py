"""A place is a counter, a desk or the like, with its inhabitant."""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.world.booths import Booth, describe_booths
from mesocosm.world.elements.view import View
from mesocosm.world.shown_alert import read_section


def counter(name: str, settings: Mapping[str, object], view: View) -> dict[str, object]:
    """What the place shows."""
    inhabitant = read_section(settings, "inhabitant").get("name")
    service, form = str(settings["service"]), str(settings["as"])
    counts = read_section(settings, "counts")
    booths = describe_booths(form, counts, view.answers(service), view.alerts)
    storm = next((booth for booth in booths if booth["state"] == "alarm"), None)
    says = f"Place {name}: {form} of {service}"
    if inhabitant:
        says += f", {inhabitant} is here"
    if storm:
        says += f"; {storm['says']}"
    return {
        "state": _state_of(storm, service, view),
        "says": says,
        "inhabitant": inhabitant,
        "speaks_for": service,
        "form": form,
        "stalls": booths,
        "facts": {"form": form},
    }


def _state_of(storm: Booth | None, service: str, view: View) -> str:
    if storm:
        return "alarm"
    return "unknown" if view.catalog.deployment(service) is None else "fine"
