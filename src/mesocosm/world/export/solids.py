"""The valley's elements as solids, in metres with y up.

The page draws the same things finer; here they are light enough for a table top. Knows shapes;
knows no land and no file format.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from mesocosm.world.export.pieces import (
    LEAF,
    ROCK,
    SAND,
    STATE,
    WATER,
    WOOD,
    Piece,
    ball,
    box,
    merged,
    piece_of,
    rod,
)
from mesocosm.world.wire import Element, Sapling, Stall

WARES = ("#c95f4a", "#3f7f9f", "#d9a441", "#5f9a58", "#8a63ad", "#c98a3f", "#4f8f8a", "#b0577f")


AWNINGS = {"desk": "#3f7f9f", "market": "#d9a441", "shop": "#7b5ea7", "clinic": "#4f9f7a"}
GREY = "#a8aeb4"
SHALLOW, CLEAR = (0x7D, 0x73, 0x50), (0x5F, 0xA8, 0xD3)  # water of bad and of good quality
GREEN, YELLOW, RED = (0x58, 0xB0, 0x6C), (0xEC, 0xC0, 0x4E), (0xD8, 0x4F, 0x45)
ROCKS = (
    (-2.3, 1.0, -1.2, 2.3),
    (2.2, 0.9, -1.4, 2.2),
    (0, 2.2, -3.0, 3.3),
    (-1.4, 3.6, -4.2, 3.1),
    (2.0, 3.1, -4.6, 3.2),
)  # x, y, z and size
SAPLING = (5.2, 0, 3.4)  # where it stands beside its tree

Rgb = tuple[int, int, int]


def _mix(first: Rgb, second: Rgb, share: float) -> str:
    """A colour between two, in hexadecimal."""
    parts = [a * (1 - share) + b * share for a, b in zip(first, second, strict=True)]
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def _or(value: float | None, unknown: float) -> float:
    """A figure, or what is drawn where it is unknown."""
    return unknown if value is None else value


def spring(e: Element) -> Iterator[Piece]:
    """Rocks, and a pool that is dry where the source was never read."""
    for i, (x, y, z, size) in enumerate(ROCKS):
        yield piece_of(ROCK, ball(size), (x, y, z), (i, 2 * i, 0))
    pool = WATER
    if e.level is None:
        pool = "#8d7f6a"
    yield piece_of(pool, rod(2.2, 2.2, 0.15, 24), (0, 0, 1.7))


def lake(e: Element) -> Iterator[Piece]:
    """Water within a shore; a side pond holds what is quarantined, mist lies over what is
    private.
    """
    radius = 5 + 5 * _or(e.level, 0.2)
    water = _mix(SHALLOW, CLEAR, _or(e.clarity, 0.4))
    yield piece_of(SAND, rod(radius * 1.16, radius * 1.12, 0.12, 40))
    yield piece_of(water, rod(radius, radius, 0.2, 40))
    kept, quarantined = e.facts.get("kept"), e.facts.get("quarantined")
    if kept and quarantined:
        side = min(2.0, math.sqrt(quarantined / kept) * radius)
        yield piece_of("#6d5a3c", rod(side, side, 0.16, 20), (radius + 1.5 + side * 0.8, 0, 1.6))
    for i in range(min(8, len(e.private))):
        angle = math.pi * (0.95 + i * 0.32)
        at = (math.cos(angle) * radius, 0.9, math.sin(angle) * radius)
        yield piece_of("#e8edf2", ball(1.0), at, size=(1.8, 0.5, 1.3))


def tree(e: Element) -> Iterator[Piece]:
    """Height is the score; a sapling beside is a version that is not in service, fenced where a
    gate keeps it out.
    """
    leaf = GREY if e.state == "unknown" else LEAF
    yield from _tree(e.species or "oak", 6 + 10 * _or(e.height, 0.2), leaf, (0, 0, 0))
    for i in range(min(24, 2 * e.rings)):
        reach = 2.5 + i * 0.11
        at = (math.cos(i * 2.4) * reach, 0.15, math.sin(i * 2.4) * reach)
        yield piece_of("#e6d3a8", ball(0.34, 0), at)
    if e.sapling:
        yield from _sapling(e.species or "oak", e.sapling)


def _sapling(species: str, sapling: Sapling) -> Iterator[Piece]:
    """A small tree, grey and fenced where a gate keeps it out."""
    refused = sapling.state == "refused"
    leaf = GREY if refused else "#b7d977"
    yield from _tree(species, 1.4 + 4.6 * sapling.height, leaf, SAPLING)
    if refused:
        yield from _fence()


def _fence() -> Iterator[Piece]:
    x, _, z = SAPLING
    for i in range(12):
        at = (x + math.cos(i * 0.524) * 1.9, 0.65, z + math.sin(i * 0.524) * 1.9)
        yield piece_of("#b88d5a", box(0.16, 1.3, 0.16), at)


def _tree(species: str, tall: float, leaf: str, at: tuple[float, float, float]) -> Iterator[Piece]:
    """A trunk and its leaves; a birch is slim, a willow's leaves hang."""
    x, y, z = at
    slim = species == "birch"
    trunk, thick, leaves = (WOOD, 0.055, 11)
    if slim:
        trunk, thick, leaves = ("#ece8df", 0.03, 7)
    drop = 1.7 if species == "willow" else 1.0
    yield piece_of(trunk, rod(tall * thick, tall * 0.02, tall * 0.65), at)
    for i in range(leaves):
        angle, up = i * 2.4, i / leaves
        reach, size = 0.2 * (1 - up * 0.6), 0.18 - up * 0.06
        if slim:
            reach, size = 0.07, 0.13 - up * 0.07
        reach *= tall
        place = (
            x + math.cos(angle) * reach,
            y + tall * (0.5 + up * 0.4),
            z + math.sin(angle) * reach,
        )
        yield piece_of(leaf, ball(tall * size), place, size=(1, drop, 1))


def lighthouse(e: Element) -> Iterator[Piece]:
    """A striped tower whose lamp has the colour of its health; a second lamp while a version comes
    in.
    """
    for i in range(7):
        stripe = "#cf4f3e" if i % 2 else "#f8f3e8"
        yield piece_of(
            stripe, rod(1.54 - i * 0.1, 1.44 - i * 0.1, 1.45, 18), (0, 0.2 + i * 1.45, 0)
        )
    yield piece_of("#3a3f4a", rod(1.4, 1.4, 0.35, 18), (0, 10.3, 0))
    yield piece_of(STATE[e.state], rod(0.68, 0.68, 1.3, 14), (0, 10.7, 0))
    yield piece_of("#a63d31", rod(1.1, 0.01, 1.0, 16), (0, 12.0, 0))
    if e.share:
        yield piece_of("#9fe3ff", ball(0.3 + 0.5 * e.share), (0, 9.3, 1.5))


def vane(e: Element) -> Iterator[Piece]:
    """A pole, and an arrow of the monitor's state."""
    yield piece_of("#4a4f5a", rod(0.16, 0.1, 4.4))
    yield piece_of(STATE[e.state], box(3, 0.16, 0.16), (0, 4.4, 0), (0, 0.4, 0))
    yield piece_of(STATE[e.state], box(0.8, 0.7, 0.1), (-1.3, 4.5, 0.55), (0, 0.4, 0))


def counter(e: Element) -> Iterator[Piece]:
    """A stall with an awning of its form, and its inhabitant."""
    yield piece_of("#b79a72", box(6.6, 0.16, 5.2), (0, 0.08, -0.3))
    yield piece_of("#9b6b43", box(4.4, 1.2, 1.2), (0, 0.75, 0.4))
    yield from _awning(AWNINGS.get(e.form or "", "#d9694f"))
    if e.inhabitant:
        yield piece_of("#3f6f8f", rod(0.42, 0.3, 1.5, 14), (0, 0.4, -1.1))
        yield piece_of("#f0c9a4", ball(0.34, 2), (0, 2.3, -1.1))
    yield from _booths(e)


def _awning(colour: str) -> Iterator[Piece]:
    """Four posts, and stripes over them."""
    for x in (-3, 3):
        for z, tall in ((-2.4, 4.3), (1.9, 3.5)):
            yield piece_of(WOOD, rod(0.12, 0.12, tall, 8), (x, 0, z))
    for i in range(7):
        stripe = "#f6efe2" if i % 2 else colour
        at = (-2.94 + i * 0.98, 3.95, -0.25)
        yield piece_of(stripe, box(0.98, 0.13, 5.2), at, (0.17, 0, 0))


def _booths(e: Element) -> Iterator[Piece]:
    """The recent predictions of a place, as the page has them: booths of a market, goods of a shop,
    pillars elsewhere.
    """
    if e.form == "market":
        yield from _market(e.stalls)
    elif e.form == "shop":
        yield from _shelves(e.stalls)
    else:
        yield from _pillars(e.stalls)


def _market(stalls: Sequence[Stall]) -> Iterator[Piece]:
    most = max((stall.count for stall in stalls), default=1) or 1
    for i, stall in enumerate(stalls):
        turn = 0.5
        if len(stalls) > 1:
            turn = 0.06 + 0.88 * i / (len(stalls) - 1)
        angle, size = math.pi * turn, 0.75 + 0.5 * math.sqrt(stall.count / most)
        x, z = -math.cos(angle) * 8.2, 0.6 + math.sin(angle) * 6.6
        roof = rod(1.75 * size, 0.01, 1.1 * size, 10)
        yield piece_of("#b98d5c", rod(1.3 * size, 1.25 * size, 0.9 * size, 10), (x, 0, z))
        yield piece_of(WOOD, rod(0.1 * size, 0.1 * size, 2.3 * size, 6), (x, 0, z))
        yield piece_of(_mood(stall.share), roof, (x, 2.2 * size, z))


def _shelves(stalls: Sequence[Stall]) -> Iterator[Piece]:
    """Goods on two shelves, four in a row."""
    for i, stall in enumerate(stalls):
        size = 0.55 + 0.3 * min(1.0, _or(stall.share, 0.5))
        y, z = (0.62, 3.75) if i < 4 else (1.42, 2.95)
        at = (-2.55 + (i % 4) * 1.7, y + size / 2, z)
        ware = WARES[sum(map(ord, stall.name)) % len(WARES)]
        yield piece_of(ware, box(size, size, size * 0.75), at)
    if stalls:
        for z, y in ((3.75, 0.55), (2.95, 1.35)):
            yield piece_of("#c99b66", box(7, 0.1, 0.9), (0, y, z))


def _pillars(stalls: Sequence[Stall]) -> Iterator[Piece]:
    for i, stall in enumerate(stalls):
        x, tall = (i - (len(stalls) - 1) / 2) * 1.75, 0.5 + 2.3 * _or(stall.share, 0.1)
        lamp = STATE["unknown"] if stall.state == "unknown" else "#ffd27a"
        yield piece_of("#d8d0c2", rod(0.42, 0.34, tall, 10), (x, 0, 3.4))
        yield piece_of(lamp, ball(0.36), (x, tall + 0.3, 3.4))


def _mood(share: float | None) -> str:
    """Green where the counted class is rare, yellow at a third, red from two thirds on; grey where
    the share is unknown.
    """
    if share is None:
        return "#a3a9b1"
    at = min(1.0, share * 1.5)
    if at < 0.5:
        return _mix(GREEN, YELLOW, at * 2)
    return _mix(YELLOW, RED, at * 2 - 1)


def marker(e: Element) -> Iterator[Piece]:
    """A stone of the state's colour, for a kind that has no solid of its own."""
    yield piece_of(STATE[e.state], ball(1.4), (0, 1.2, 0))


SHAPES: dict[str, Callable[[Element], Iterator[Piece]]] = {
    "spring": spring,
    "lake": lake,
    "tree": tree,
    "lighthouse": lighthouse,
    "vane": vane,
    "counter": counter,
}


def element(e: Element) -> list[Piece]:
    """One element around its own place."""
    return merged(list(SHAPES.get(e.kind, marker)(e)))
