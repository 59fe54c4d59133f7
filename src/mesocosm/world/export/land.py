"""The land under the elements: ground in its colours, streams in the order of lineage, firs on the
slopes. Knows where elements stand, and not what they look like.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mesocosm.world.export.pieces import (
    FIR,
    GRASS,
    ROCK,
    SNOW,
    WATER,
    Array,
    Piece,
    merged,
    piece_of,
    rod,
)
from mesocosm.world.wire import Element, Scene

CELLS = 90
FIRS = 260


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

    def flattened(self) -> Array:
        """The elements around which the ground is flat; none where there are too many."""
        return self.at if len(self.at) <= 400 else self.at[:0]

    def heights(self, x: Array, z: Array) -> Array:
        floor = np.interp(z, self.rows[:, 0], self.rows[:, 1])
        wild = np.sin(x / 13 + self.seed) * np.cos(z / 17 + self.seed * 0.7) + 0.5 * np.sin(
            x / 5.7 + z / 7.3
        )
        side = np.clip((np.abs(x + np.sin(z / 31 + self.seed) * 9) - self.wide) / 45, 0, 1.4)
        back = np.clip((self.head - 16 - z) / 40, 0, 1.3)
        height = floor + wild * 0.9 + side**2 * (22 + 7 * wild) + back**2 * (16 + 9 * wild)
        for ex, ez, ey in self.flattened():
            t = np.clip((16 - np.hypot(x - ex, z - ez)) / 8, 0, 1)
            height = height + (ey - height) * t * t * (3 - 2 * t)
        return np.asarray(height)


def _streams(scene: Scene, ground: _Ground) -> Iterator[Piece]:
    """The water from each element down to those that need it; none flows to a monitor."""
    by_id = {element.id: element for element in scene.elements}
    for element in scene.elements:
        if element.id.startswith("monitors."):
            continue
        for need in element.needs:
            if need in by_id:
                yield _stream(by_id[need], element, ground)


def _stream(above: Element, below: Element, ground: _Ground) -> Piece:
    t = np.linspace(0, 1, 24)
    s = t * t * (3 - 2 * t)
    bend = math.sin(above.x * 3 + below.x) * 5
    x = above.x + (below.x - above.x) * s + np.sin(t * math.pi) * bend
    z = above.z + (below.z - above.z) * t
    y = np.maximum(np.minimum.accumulate(ground.heights(x, z)), ground.heights(x, z)) + 0.12
    dx, dz = np.gradient(x), np.gradient(z)
    long = np.hypot(dx, dz)
    side = np.c_[dz / long, np.zeros(24), -dx / long] * 1.2
    middle = np.c_[x, y, z]
    points = np.stack([middle - side, middle + side], 1).reshape(-1, 3)
    k = np.arange(0, 46, 2)
    return Piece(WATER, points, np.r_[np.c_[k, k + 2, k + 1], np.c_[k + 1, k + 2, k + 3]])


def _firs(scene: Scene, ground: _Ground) -> Iterator[Piece]:
    rng = np.random.default_rng(scene.seed)
    x, z = (
        rng.uniform(-ground.size / 2 + 8, ground.size / 2 - 8, FIRS * 4),
        rng.uniform(ground.head - 40, ground.foot + 30, FIRS * 4),
    )
    far = np.full(len(x), np.inf)
    for ex, ez, _ in ground.flattened():
        far = np.minimum(far, np.hypot(x - ex, z - ez))
    slope = np.abs(x) > ground.wide - 14
    keep = np.flatnonzero((far > 13) & slope)[:FIRS]
    y = ground.heights(x[keep], z[keep])
    cone = rod(1.4, 0.02, 4.6, 6)
    for px, py, pz, size in zip(x[keep], y, z[keep], rng.uniform(0.7, 1.4, len(keep)), strict=True):
        yield piece_of(FIR, cone, (px, py + 0.6, pz), size=float(size))
