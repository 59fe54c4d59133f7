"""The scene: where everything stands, and what it shows of the catalog now or as it was. Text
changes the look, never the facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.world.elements import ELEMENTS
from mesocosm.world.elements.element_kind import ElementKind
from mesocosm.world.elements.view import View
from mesocosm.world.layout import depths, layout
from mesocosm.world.shown_alert import ShownAlert, read_detail
from mesocosm.world.wire import Element, Firefly, Scene

SEASONS = (
    ("spring", 7.0),
    ("summer", 30.0),
    ("autumn", 120.0),
)  # by the age in days of the oldest lake; winter after the last
SHOWN_OF_ALERT = ("id", "monitor", "service", "what", "message", "at")
Thing = tuple[str, Sequence[str], Mapping[str, object]]
"""An address, what it needs, and its settings."""


class Ground:
    """The part of a scene that stays: laid out once for an ecosystem.

    Args:
        things: addresses, what each needs, and the settings of each.
        elements: what shows the resources of a section, where it is not the section's own element.
    """

    def __init__(
        self,
        things: Sequence[Thing],
        seed: int,
        elements: Mapping[str, ElementKind] | None = None,
    ) -> None:
        bare = [(a, n) for a, n, _ in things]
        self.things, self.seed, self.elements = things, seed, dict(elements or {})
        self.where, self.depths = layout(bare, seed), depths(bare)


def season(ages: Sequence[float]) -> str | None:
    """The season that the oldest data gives; None where there is none.

    >>> season([0.1, 45]), season([])
    ('autumn', None)
    """
    if not ages:
        return None
    return next((name for name, days in SEASONS if max(ages) <= days), "winter")


def _show_as(
    kind: ElementKind, fixed: Mapping[str, object], settings: Mapping[str, object], view: View
) -> Element:
    """A resource as a plugin's element shows it; unknown where the plugin fails, since a world is
    shown whole.

    Args:
        fixed: what it is and where it stands.
    """
    fixed = {**fixed, "kind": kind.body}
    try:
        return Element.model_validate({**kind.show(str(fixed["name"]), settings, view), **fixed})
    except Exception as error:
        says = f"{fixed['id']}: the element '{kind.type}' failed ({type(error).__name__})"
        return Element.model_validate(fixed | {"state": "unknown", "says": says})


def scene(
    name: str,
    about: str,
    style: str,
    ground: Ground,
    view: View,
    fireflies: Sequence[Mapping[str, object]],
) -> Scene:
    """The world at the moment of a view."""
    elements = [_show_element(thing, ground, view) for thing in ground.things]
    return Scene(
        ecosystem=name,
        about=about,
        style=style,
        seed=ground.seed,
        revision=view.catalog.revision(),
        at=view.now,
        season=season([e.age for e in elements if e.age is not None]),
        elements=elements,
        alerts=[_shorten_alert(alert) for alert in view.alerts],
        fireflies=[Firefly.model_validate(dict(f)) for f in fireflies],
    )


def _show_element(thing: Thing, ground: Ground, view: View) -> Element:
    """A resource where it stands, as its section's element shows it or as a plugin's does."""
    address, needs, settings = thing
    section, _, word = address.partition(".")
    x, z, altitude = ground.where[address]
    fixed: dict[str, object] = {
        "id": address,
        "kind": ELEMENTS[section][0],
        "name": word,
        "x": x,
        "z": z,
        "altitude": altitude,
        "depth": ground.depths[address],
        "needs": list(needs),
    }
    if section in ground.elements:
        return _show_as(ground.elements[section], fixed, settings, view)
    return Element.model_validate(fixed | ELEMENTS[section][1](word, settings, view))


def _shorten_alert(alert: ShownAlert) -> dict[str, object]:
    """What the page shows of an alert."""
    shown = {key: alert[key] for key in SHOWN_OF_ALERT}
    return shown | {"verdict": read_detail(alert).get("verdict")}
