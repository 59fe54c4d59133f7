"""The valley's elements as solids, in metres with y up.

The page draws the same things finer; here they are light enough for a table top. Knows shapes;
knows no land and no file format.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

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
from mesocosm.world.wire import Element

WARES = ("#c95f4a", "#3f7f9f", "#d9a441", "#5f9a58", "#8a63ad", "#c98a3f", "#4f8f8a", "#b0577f")


def spring(e: Element) -> Iterator[Piece]:
    """Rocks, and a pool that is dry where the source was never read."""
    for i, (x, y, z, s) in enumerate(
        (
            (-2.3, 1.0, -1.2, 2.3),
            (2.2, 0.9, -1.4, 2.2),
            (0, 2.2, -3.0, 3.3),
            (-1.4, 3.6, -4.2, 3.1),
            (2.0, 3.1, -4.6, 3.2),
        )
    ):
        yield piece_of(ROCK, ball(s), (x, y, z), (i, 2 * i, 0))
    yield piece_of(
        WATER if e.level is not None else "#8d7f6a", rod(2.2, 2.2, 0.15, 24), (0, 0, 1.7)
    )


def lake(e: Element) -> Iterator[Piece]:
    """Water within a shore; a side pond is what was set apart, mist what is private."""
    radius = 5 + 5 * (e.level if e.level is not None else 0.2)
    clear = e.clarity if e.clarity is not None else 0.4
    water = "#" + "".join(
        f"{round(a * (1 - clear) + b * clear):02x}"
        for a, b in zip((0x7D, 0x73, 0x50), (0x5F, 0xA8, 0xD3), strict=True)
    )
    yield piece_of(SAND, rod(radius * 1.16, radius * 1.12, 0.12, 40))
    yield piece_of(water, rod(radius, radius, 0.2, 40))
    kept, apart = e.facts.get("kept"), e.facts.get("quarantined")
    if kept and apart:
        aside = min(2.0, math.sqrt(apart / kept) * radius)
        yield piece_of("#6d5a3c", rod(aside, aside, 0.16, 20), (radius + 1.5 + aside * 0.8, 0, 1.6))
    for i in range(min(8, len(e.private))):
        a = math.pi * (0.95 + i * 0.32)
        yield piece_of(
            "#e8edf2",
            ball(1.0),
            (math.cos(a) * radius, 0.9, math.sin(a) * radius),
            size=(1.8, 0.5, 1.3),
        )


def tree(e: Element) -> Iterator[Piece]:
    """Height is the score; a sapling beside is a version that is not in service, fenced where a
    gate keeps it out.
    """
    yield from _tree(
        e.species or "oak",
        6 + 10 * (e.height if e.height is not None else 0.2),
        "#a8aeb4" if e.state == "unknown" else LEAF,
        (0, 0, 0),
    )
    for i in range(min(24, 2 * e.rings)):
        yield piece_of(
            "#e6d3a8",
            ball(0.34, 0),
            (math.cos(i * 2.4) * (2.5 + i * 0.11), 0.15, math.sin(i * 2.4) * (2.5 + i * 0.11)),
        )
    if e.sapling:
        yield from _tree(
            e.species or "oak",
            1.4 + 4.6 * e.sapling.height,
            "#b7d977" if e.sapling.state != "refused" else "#a8aeb4",
            (5.2, 0, 3.4),
        )
        if e.sapling.state == "refused":
            for i in range(12):
                yield piece_of(
                    "#b88d5a",
                    box(0.16, 1.3, 0.16),
                    (5.2 + math.cos(i * 0.524) * 1.9, 0.65, 3.4 + math.sin(i * 0.524) * 1.9),
                )


def _tree(species: str, tall: float, leaf: str, at: tuple[float, float, float]) -> Iterator[Piece]:
    x, y, z = at
    slim = species == "birch"
    yield piece_of(
        "#ece8df" if slim else WOOD,
        rod(tall * (0.03 if slim else 0.055), tall * 0.02, tall * 0.65),
        at,
    )
    for i in range(7 if slim else 11):
        a, up = i * 2.4, i / (7 if slim else 11)
        r = tall * (0.07 if slim else 0.2 * (1 - up * 0.6))
        size = tall * (0.13 - up * 0.07 if slim else 0.18 - up * 0.06)
        drop = 1.7 if species == "willow" else 1.0
        yield piece_of(
            leaf,
            ball(size),
            (x + math.cos(a) * r, y + tall * (0.5 + up * 0.4), z + math.sin(a) * r),
            size=(1, drop, 1),
        )


def lighthouse(e: Element) -> Iterator[Piece]:
    """A striped tower whose lamp has the colour of its health; a second lamp while a version comes
    in.
    """
    for i in range(7):
        yield piece_of(
            "#cf4f3e" if i % 2 else "#f8f3e8",
            rod(1.54 - i * 0.1, 1.44 - i * 0.1, 1.45, 18),
            (0, 0.2 + i * 1.45, 0),
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
    for x in (-3, 3):
        for z, tall in ((-2.4, 4.3), (1.9, 3.5)):
            yield piece_of(WOOD, rod(0.12, 0.12, tall, 8), (x, 0, z))
    awning = {"desk": "#3f7f9f", "market": "#d9a441", "shop": "#7b5ea7", "clinic": "#4f9f7a"}.get(
        e.form or "", "#d9694f"
    )
    for i in range(7):
        yield piece_of(
            "#f6efe2" if i % 2 else awning,
            box(0.98, 0.13, 5.2),
            (-2.94 + i * 0.98, 3.95, -0.25),
            (0.17, 0, 0),
        )
    if e.inhabitant:
        yield piece_of("#3f6f8f", rod(0.42, 0.3, 1.5, 14), (0, 0.4, -1.1))
        yield piece_of("#f0c9a4", ball(0.34, 2), (0, 2.3, -1.1))
    yield from _stalls(e)


def _stalls(e: Element) -> Iterator[Piece]:
    """What was answered there of late, as the page has it: booths of a market, goods of a shop,
    pillars elsewhere.
    """
    many, most = len(e.stalls), max((s.count for s in e.stalls), default=1) or 1
    for i, s in enumerate(e.stalls):
        if e.form == "market":
            a, size = (
                math.pi * (0.06 + 0.88 * i / (many - 1) if many > 1 else 0.5),
                0.75 + 0.5 * math.sqrt(s.count / most),
            )
            x, z = -math.cos(a) * 8.2, 0.6 + math.sin(a) * 6.6
            yield piece_of("#b98d5c", rod(1.3 * size, 1.25 * size, 0.9 * size, 10), (x, 0, z))
            yield piece_of(WOOD, rod(0.1 * size, 0.1 * size, 2.3 * size, 6), (x, 0, z))
            yield piece_of(
                _mood(s.share), rod(1.75 * size, 0.01, 1.1 * size, 10), (x, 2.2 * size, z)
            )
        elif e.form == "shop":
            size = 0.55 + 0.3 * min(1.0, 0.5 if s.share is None else s.share)
            x, y, z = -2.55 + (i % 4) * 1.7, 0.62 if i < 4 else 1.42, 3.75 if i < 4 else 2.95
            yield piece_of(
                WARES[sum(map(ord, s.name)) % len(WARES)],
                box(size, size, size * 0.75),
                (x, y + size / 2, z),
            )
        else:
            x, tall = (i - (many - 1) / 2) * 1.75, 0.5 + 2.3 * (0.1 if s.share is None else s.share)
            yield piece_of("#d8d0c2", rod(0.42, 0.34, tall, 10), (x, 0, 3.4))
            yield piece_of(
                STATE["unknown"] if s.state == "unknown" else "#ffd27a",
                ball(0.36),
                (x, tall + 0.3, 3.4),
            )
    if e.form == "shop" and many:
        for z, y in ((3.75, 0.55), (2.95, 1.35)):
            yield piece_of("#c99b66", box(7, 0.1, 0.9), (0, y, z))


def _mood(share: float | None) -> str:
    """Green where nothing is counted against it, yellow at a third, red from two thirds on; grey
    where it is not known.
    """
    if share is None:
        return "#a3a9b1"
    low, middle, high = (0x58, 0xB0, 0x6C), (0xEC, 0xC0, 0x4E), (0xD8, 0x4F, 0x45)
    at = min(1.0, share * 1.5)
    a, b, t = (low, middle, at * 2) if at < 0.5 else (middle, high, at * 2 - 1)
    return "#" + "".join(f"{round(p + (q - p) * t):02x}" for p, q in zip(a, b, strict=True))


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
