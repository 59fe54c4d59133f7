"""The scene: where everything stands, from the graph and a seed, and what it shows, from the catalog.

Depth in the graph is altitude, so every lineage edge runs downhill. The same file and seed give the
same valley on any machine. Text changes the look, never the facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.base.digest import digest
from mesocosm.world.elements import ELEMENTS
from mesocosm.world.elements.view import View
from mesocosm.world.wire import Element, Firefly, Scene

KINDS = {"sources": "spring", "datasets": "lake", "models": "tree", "services": "lighthouse", "monitors": "vane", "places": "counter"}
STEP = 26.0  # metres between ranks
WIDE = 30.0  # metres between neighbours
DROP = 5.0  # metres of fall a rank
RANKS = {"sources": 0, "datasets": 1, "models": 2, "services": 3, "monitors": 4, "places": 4}


def _unit(*words: Any) -> float:
    return int(digest(*words, size=4), 16) / 2**32


def layout(things: Sequence[tuple[str, Sequence[str]]], seed: int) -> dict[str, tuple[float, float, float]]:
    """Where each address stands as x, z and altitude, in metres.

    Args:
        things: addresses with what each needs, in the graph's order.

    >>> place = layout([("sources.a", []), ("datasets.b", ["sources.a"])], 7)
    >>> place["sources.a"][2] > place["datasets.b"][2]
    True
    """
    ranks: dict[int, list[tuple[str, Sequence[str]]]] = {}
    for address, needs in things:
        ranks.setdefault(RANKS[address.split(".")[0]], []).append((address, needs))
    found: dict[str, tuple[float, float, float]] = {}
    for rank in sorted(ranks):
        def pull(entry: tuple[str, Sequence[str]]) -> tuple[float, float]:
            above = [found[n][0] for n in entry[1] if n in found]
            return (sum(above) / len(above) if above else (_unit(seed, entry[0]) - 0.5) * WIDE, _unit(seed, entry[0], "tie"))

        row = sorted(ranks[rank], key=pull) if rank else ranks[rank]
        for i, (address, _) in enumerate(row):
            x = (i - (len(row) - 1) / 2) * WIDE + (_unit(seed, address, "x") - 0.5) * 7
            z = (rank - 2) * STEP + (_unit(seed, address, "z") - 0.5) * 6
            found[address] = (round(x, 2), round(z, 2), round((4 - rank) * DROP, 2))
    return found


def scene(
    name: str, about: str, world: Mapping[str, Any], things: Sequence[tuple[str, Sequence[str], Mapping[str, Any]]], view: View, fireflies: Sequence[Mapping[str, Any]]
) -> Scene:
    """The world now.

    Args:
        things: addresses, what each needs, and the settings of each.
    """
    where = layout([(a, n) for a, n, _ in things], int(world["seed"]))
    elements = []
    for address, needs, settings in things:
        section, _, word = address.partition(".")
        x, z, altitude = where[address]
        shown = ELEMENTS[section](word, settings, view)
        elements.append(
            Element.model_validate({"id": address, "kind": KINDS[section], "name": word, "x": x, "z": z, "altitude": altitude, "needs": list(needs), **shown})
        )
    alerts = [{k: a[k] for k in ("id", "monitor", "service", "what", "message", "at")} | {"verdict": (a["detail"] or {}).get("verdict")} for a in view.alerts]
    return Scene(
        ecosystem=name, about=about, style=str(world["style"]), seed=int(world["seed"]), revision=view.catalog.revision(),
        at=view.catalog.clock(), elements=elements, alerts=alerts, fireflies=[Firefly.model_validate(dict(f)) for f in fireflies],
    )  # fmt: skip
