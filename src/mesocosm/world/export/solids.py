"""The valley as solids: what every element looks like, and the land under them, in metres with y
up.

The page draws the same things finer; here they are light enough for a table top. Knows shapes and
colours; knows no file format.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesocosm.world.wire import Element, Scene

Array = np.ndarray[Any, Any]
STATE = {"fine": "#ffe9a8", "watch": "#ffb347", "alarm": "#ff5a4d", "unknown": "#9aa3ad"}
GRASS, ROCK, SNOW, SAND, WATER, WOOD, LEAF, FIR = (
    "#6f9a4b",
    "#9c9488",
    "#f2f4f6",
    "#d8c79a",
    "#5fa8d3",
    "#6b4a32",
    "#8cc04f",
    "#3f7a55",
)
WARES = ("#c95f4a", "#3f7f9f", "#d9a441", "#5f9a58", "#8a63ad", "#c98a3f", "#4f8f8a", "#b0577f")
CELLS = 90
FIRS = 260


@dataclass(frozen=True)
class Piece:
    """Triangles of one colour: `points` (n, 3) in metres, `faces` (m, 3)."""

    colour: str
    points: Array
    faces: Array


def _piece(
    colour: str,
    mesh: Any,
    at: Sequence[float] = (0, 0, 0),
    turn: Sequence[float] = (0, 0, 0),
    size: Sequence[float] | float = 1.0,
) -> Piece:
    import trimesh

    whole = trimesh.transformations.compose_matrix(
        scale=[size] * 3 if isinstance(size, (int, float)) else size, angles=turn, translate=at
    )
    return Piece(
        colour,
        np.asarray(trimesh.transform_points(mesh.vertices, whole), np.float64),
        np.asarray(mesh.faces, np.int64),
    )


def _box(x: float, y: float, z: float) -> Any:
    import trimesh

    return trimesh.creation.box((x, y, z))


def _ball(r: float, fine: int = 1) -> Any:
    import trimesh

    return trimesh.creation.icosphere(fine, r)


def _rod(low: float, top: float, tall: float, sides: int = 12) -> Any:
    """A cut cone along y, from 0 up."""
    import trimesh

    angles = np.arange(sides) * 2 * math.pi / sides
    ring = np.c_[np.cos(angles), np.zeros(sides), np.sin(angles)]
    points = np.r_[ring * low, ring * top + [0, tall, 0], [[0, 0, 0], [0, tall, 0]]]
    i = np.arange(sides)
    j = (i + 1) % sides
    faces = np.r_[
        np.c_[i, i + sides, j],
        np.c_[j, i + sides, j + sides],
        np.c_[i, j, np.full(sides, 2 * sides)],
        np.c_[i + sides, np.full(sides, 2 * sides + 1), j + sides],
    ]
    return trimesh.Trimesh(points, faces, process=False)


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
        yield _piece(ROCK, _ball(s), (x, y, z), (i, 2 * i, 0))
    yield _piece(WATER if e.level is not None else "#8d7f6a", _rod(2.2, 2.2, 0.15, 24), (0, 0, 1.7))


def lake(e: Element) -> Iterator[Piece]:
    """Water within a shore; a side pond is what was set apart, mist what is private."""
    radius = 5 + 5 * (e.level if e.level is not None else 0.2)
    clear = e.clarity if e.clarity is not None else 0.4
    water = "#" + "".join(
        f"{round(a * (1 - clear) + b * clear):02x}"
        for a, b in zip((0x7D, 0x73, 0x50), (0x5F, 0xA8, 0xD3), strict=True)
    )
    yield _piece(SAND, _rod(radius * 1.16, radius * 1.12, 0.12, 40))
    yield _piece(water, _rod(radius, radius, 0.2, 40))
    kept, apart = e.facts.get("kept"), e.facts.get("quarantined")
    if kept and apart:
        aside = min(2.0, math.sqrt(apart / kept) * radius)
        yield _piece("#6d5a3c", _rod(aside, aside, 0.16, 20), (radius + 1.5 + aside * 0.8, 0, 1.6))
    for i in range(min(8, len(e.private))):
        a = math.pi * (0.95 + i * 0.32)
        yield _piece(
            "#e8edf2",
            _ball(1.0),
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
        yield _piece(
            "#e6d3a8",
            _ball(0.34, 0),
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
                yield _piece(
                    "#b88d5a",
                    _box(0.16, 1.3, 0.16),
                    (5.2 + math.cos(i * 0.524) * 1.9, 0.65, 3.4 + math.sin(i * 0.524) * 1.9),
                )


def _tree(species: str, tall: float, leaf: str, at: tuple[float, float, float]) -> Iterator[Piece]:
    x, y, z = at
    slim = species == "birch"
    yield _piece(
        "#ece8df" if slim else WOOD,
        _rod(tall * (0.03 if slim else 0.055), tall * 0.02, tall * 0.65),
        at,
    )
    for i in range(7 if slim else 11):
        a, up = i * 2.4, i / (7 if slim else 11)
        r = tall * (0.07 if slim else 0.2 * (1 - up * 0.6))
        size = tall * (0.13 - up * 0.07 if slim else 0.18 - up * 0.06)
        drop = 1.7 if species == "willow" else 1.0
        yield _piece(
            leaf,
            _ball(size),
            (x + math.cos(a) * r, y + tall * (0.5 + up * 0.4), z + math.sin(a) * r),
            size=(1, drop, 1),
        )


def lighthouse(e: Element) -> Iterator[Piece]:
    """A striped tower whose lamp has the colour of its health; a second lamp while a version comes
    in.
    """
    for i in range(7):
        yield _piece(
            "#cf4f3e" if i % 2 else "#f8f3e8",
            _rod(1.54 - i * 0.1, 1.44 - i * 0.1, 1.45, 18),
            (0, 0.2 + i * 1.45, 0),
        )
    yield _piece("#3a3f4a", _rod(1.4, 1.4, 0.35, 18), (0, 10.3, 0))
    yield _piece(STATE[e.state], _rod(0.68, 0.68, 1.3, 14), (0, 10.7, 0))
    yield _piece("#a63d31", _rod(1.1, 0.01, 1.0, 16), (0, 12.0, 0))
    if e.share:
        yield _piece("#9fe3ff", _ball(0.3 + 0.5 * e.share), (0, 9.3, 1.5))


def vane(e: Element) -> Iterator[Piece]:
    """A pole, and an arrow of the monitor's state."""
    yield _piece("#4a4f5a", _rod(0.16, 0.1, 4.4))
    yield _piece(STATE[e.state], _box(3, 0.16, 0.16), (0, 4.4, 0), (0, 0.4, 0))
    yield _piece(STATE[e.state], _box(0.8, 0.7, 0.1), (-1.3, 4.5, 0.55), (0, 0.4, 0))


def counter(e: Element) -> Iterator[Piece]:
    """A stall with an awning of its form, and its inhabitant."""
    yield _piece("#b79a72", _box(6.6, 0.16, 5.2), (0, 0.08, -0.3))
    yield _piece("#9b6b43", _box(4.4, 1.2, 1.2), (0, 0.75, 0.4))
    for x in (-3, 3):
        for z, tall in ((-2.4, 4.3), (1.9, 3.5)):
            yield _piece(WOOD, _rod(0.12, 0.12, tall, 8), (x, 0, z))
    awning = {"desk": "#3f7f9f", "market": "#d9a441", "shop": "#7b5ea7", "clinic": "#4f9f7a"}.get(
        e.form or "", "#d9694f"
    )
    for i in range(7):
        yield _piece(
            "#f6efe2" if i % 2 else awning,
            _box(0.98, 0.13, 5.2),
            (-2.94 + i * 0.98, 3.95, -0.25),
            (0.17, 0, 0),
        )
    if e.inhabitant:
        yield _piece("#3f6f8f", _rod(0.42, 0.3, 1.5, 14), (0, 0.4, -1.1))
        yield _piece("#f0c9a4", _ball(0.34, 2), (0, 2.3, -1.1))
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
            yield _piece("#b98d5c", _rod(1.3 * size, 1.25 * size, 0.9 * size, 10), (x, 0, z))
            yield _piece(WOOD, _rod(0.1 * size, 0.1 * size, 2.3 * size, 6), (x, 0, z))
            yield _piece(
                _mood(s.share), _rod(1.75 * size, 0.01, 1.1 * size, 10), (x, 2.2 * size, z)
            )
        elif e.form == "shop":
            size = 0.55 + 0.3 * min(1.0, 0.5 if s.share is None else s.share)
            x, y, z = -2.55 + (i % 4) * 1.7, 0.62 if i < 4 else 1.42, 3.75 if i < 4 else 2.95
            yield _piece(
                WARES[sum(map(ord, s.name)) % len(WARES)],
                _box(size, size, size * 0.75),
                (x, y + size / 2, z),
            )
        else:
            x, tall = (i - (many - 1) / 2) * 1.75, 0.5 + 2.3 * (0.1 if s.share is None else s.share)
            yield _piece("#d8d0c2", _rod(0.42, 0.34, tall, 10), (x, 0, 3.4))
            yield _piece(
                STATE["unknown"] if s.state == "unknown" else "#ffd27a",
                _ball(0.36),
                (x, tall + 0.3, 3.4),
            )
    if e.form == "shop" and many:
        for z, y in ((3.75, 0.55), (2.95, 1.35)):
            yield _piece("#c99b66", _box(7, 0.1, 0.9), (0, y, z))


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
    yield _piece(STATE[e.state], _ball(1.4), (0, 1.2, 0))


SHAPES: dict[str, Callable[[Element], Iterator[Piece]]] = {
    "spring": spring,
    "lake": lake,
    "tree": tree,
    "lighthouse": lighthouse,
    "vane": vane,
    "counter": counter,
}


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """One piece a colour, in the order in which colours came."""
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.colour, []).append(piece)
    return [
        Piece(
            c,
            np.concatenate([p.points for p in some]),
            np.concatenate(
                [
                    p.faces + at
                    for p, at in zip(
                        some, np.cumsum([0, *(len(p.points) for p in some[:-1])]), strict=True
                    )
                ]
            ),
        )
        for c, some in found.items()
    ]


def element(e: Element) -> list[Piece]:
    """One element around its own place."""
    return merged(list(SHAPES.get(e.kind, marker)(e)))


def land(scene: Scene) -> list[Piece]:
    """The valley's ground in its colours, the streams in the order of lineage, and firs on the
    slopes.
    """
    ground = _Ground(scene)
    half = ground.size / 2
    axis = np.linspace(-half, half, CELLS + 1)
    x, z = np.meshgrid(axis, axis)
    points = np.c_[x.ravel(), ground.heights(x.ravel(), z.ravel()), z.ravel()]
    i = (np.arange(CELLS)[:, None] * (CELLS + 1) + np.arange(CELLS)).ravel()
    faces = np.r_[np.c_[i, i + CELLS + 1, i + 1], np.c_[i + 1, i + CELLS + 1, i + CELLS + 2]]
    corner = points[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    steep = 1 - np.abs(normal[:, 1]) / np.linalg.norm(normal, axis=1)
    high = corner[:, :, 1].mean(1) - ground.high
    kind = np.where(high > 24, 2, np.where((steep > 0.2) | (high > 14), 1, 0))
    found = []
    for number, colour in enumerate((GRASS, ROCK, SNOW)):
        mine = faces[kind == number]
        used, again = np.unique(mine, return_inverse=True)
        if len(mine):
            found.append(Piece(colour, points[used], again.reshape(mine.shape)))
    return merged([*found, *_streams(scene, ground), *_firs(scene, ground)])


class _Ground:
    def __init__(self, scene: Scene) -> None:
        self.seed = scene.seed
        self.at = np.array([[e.x, e.z, e.altitude] for e in scene.elements] or [[0.0, 0.0, 0.0]])
        self.wide = max(40.0, float(np.abs(self.at[:, 0]).max()) + 18)
        self.head, self.foot = float(self.at[:, 1].min()), float(self.at[:, 1].max())
        self.size = 2 * max(self.wide + 60, max(-self.head, self.foot) + 70)
        levels = np.unique(self.at[:, 2])
        rows = sorted((float(self.at[self.at[:, 2] == y, 1].mean()), float(y)) for y in levels)
        self.rows = np.array(rows)
        self.high = float(self.at[:, 2].max()) + 6

    def heights(self, x: Array, z: Array) -> Array:
        floor = np.interp(z, self.rows[:, 0], self.rows[:, 1])
        wild = np.sin(x / 13 + self.seed) * np.cos(z / 17 + self.seed * 0.7) + 0.5 * np.sin(
            x / 5.7 + z / 7.3
        )
        side = np.clip((np.abs(x + np.sin(z / 31 + self.seed) * 9) - self.wide) / 45, 0, 1.4)
        back = np.clip((self.head - 16 - z) / 40, 0, 1.3)
        height = floor + wild * 0.9 + side**2 * (22 + 7 * wild) + back**2 * (16 + 9 * wild)
        for ex, ez, ey in self.at if len(self.at) <= 400 else self.at[:0]:
            t = np.clip((16 - np.hypot(x - ex, z - ez)) / 8, 0, 1)
            height = height + (ey - height) * t * t * (3 - 2 * t)
        return np.asarray(height)


def _streams(scene: Scene, ground: _Ground) -> Iterator[Piece]:
    by = {e.id: e for e in scene.elements}
    for e in scene.elements:
        for above in (by[n] for n in e.needs if n in by and not e.id.startswith("monitors.")):
            t = np.linspace(0, 1, 24)
            s = t * t * (3 - 2 * t)
            bend = math.sin(above.x * 3 + e.x) * 5
            x, z = (
                above.x + (e.x - above.x) * s + np.sin(t * math.pi) * bend,
                above.z + (e.z - above.z) * t,
            )
            y = np.maximum(np.minimum.accumulate(ground.heights(x, z)), ground.heights(x, z)) + 0.12
            dx, dz = np.gradient(x), np.gradient(z)
            long = np.hypot(dx, dz)
            side = np.c_[dz / long, np.zeros(24), -dx / long] * 1.2
            middle = np.c_[x, y, z]
            points = np.stack([middle - side, middle + side], 1).reshape(-1, 3)
            k = np.arange(0, 46, 2)
            yield Piece(WATER, points, np.r_[np.c_[k, k + 2, k + 1], np.c_[k + 1, k + 2, k + 3]])


def _firs(scene: Scene, ground: _Ground) -> Iterator[Piece]:
    rng = np.random.default_rng(scene.seed)
    x, z = (
        rng.uniform(-ground.size / 2 + 8, ground.size / 2 - 8, FIRS * 4),
        rng.uniform(ground.head - 40, ground.foot + 30, FIRS * 4),
    )
    far = np.full(len(x), np.inf)
    for ex, ez, _ in ground.at if len(ground.at) <= 400 else ground.at[:0]:
        far = np.minimum(far, np.hypot(x - ex, z - ez))
    slope = np.abs(x) > ground.wide - 14
    keep = np.flatnonzero((far > 13) & slope)[:FIRS]
    y = ground.heights(x[keep], z[keep])
    cone = _rod(1.4, 0.02, 4.6, 6)
    for px, py, pz, size in zip(x[keep], y, z[keep], rng.uniform(0.7, 1.4, len(keep)), strict=True):
        yield _piece(FIR, cone, (px, py + 0.6, pz), size=float(size))
