"""The scene: where everything stands, and what it shows of the catalog now or as it was. Text
changes the look, never the facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.world.elements import ELEMENTS
from mesocosm.world.elements.view import View
from mesocosm.world.layout import depths, layout
from mesocosm.world.wire import Element, Firefly, Scene

SEASONS = (
    ("spring", 7.0),
    ("summer", 30.0),
    ("autumn", 120.0),
)  # by the age in days of the oldest lake; winter after the last


class Ground:
    """The part of a scene that stays: laid out once for an ecosystem.

    Args:
        things: addresses, what each needs, and the settings of each.
    """

    def __init__(
        self, things: Sequence[tuple[str, Sequence[str], Mapping[str, Any]]], seed: int
    ) -> None:
        bare = [(a, n) for a, n, _ in things]
        self.things, self.seed = things, seed
        self.where, self.depths = layout(bare, seed), depths(bare)


def season(ages: Sequence[float]) -> str | None:
    """The season that the oldest data gives; None where there is none.

    >>> season([0.1, 45]), season([])
    ('autumn', None)
    """
    if not ages:
        return None
    return next((name for name, days in SEASONS if max(ages) <= days), "winter")


def scene(
    name: str,
    about: str,
    style: str,
    ground: Ground,
    view: View,
    fireflies: Sequence[Mapping[str, Any]],
) -> Scene:
    """The world at the moment of a view."""
    elements = []
    for address, needs, settings in ground.things:
        section, _, word = address.partition(".")
        x, z, altitude = ground.where[address]
        kind, shows = ELEMENTS[section]
        shown = shows(word, settings, view)
        fixed = {
            "id": address,
            "kind": kind,
            "name": word,
            "x": x,
            "z": z,
            "altitude": altitude,
            "depth": ground.depths[address],
            "needs": list(needs),
        }
        elements.append(Element.model_validate(fixed | shown))
    alerts = [
        {k: a[k] for k in ("id", "monitor", "service", "what", "message", "at")}
        | {"verdict": (a["detail"] or {}).get("verdict")}
        for a in view.alerts
    ]
    return Scene(
        ecosystem=name,
        about=about,
        style=style,
        seed=ground.seed,
        revision=view.catalog.revision(),
        at=view.now,
        season=season([e.age for e in elements if e.age is not None]),
        elements=elements,
        alerts=alerts,
        fireflies=[Firefly.model_validate(dict(f)) for f in fireflies],
    )
