"""Triangles of one colour, and the simple solids that they are made from: boxes, balls and rods.
Knows colours; knows no element.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import trimesh

Array = NDArray[np.float64]

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


@dataclass(frozen=True)
class Piece:
    """Triangles of one colour: `points` (n, 3) in metres, `faces` (m, 3)."""

    colour: str
    points: Array
    faces: NDArray[np.int64]


def piece_of(
    colour: str,
    mesh: trimesh.Trimesh,
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


def box(x: float, y: float, z: float) -> trimesh.Trimesh:
    import trimesh

    mesh: trimesh.Trimesh = trimesh.creation.box((x, y, z))
    return mesh


def ball(r: float, fine: int = 1) -> trimesh.Trimesh:
    import trimesh

    mesh: trimesh.Trimesh = trimesh.creation.icosphere(fine, r)
    return mesh


def rod(low: float, top: float, tall: float, sides: int = 12) -> trimesh.Trimesh:
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


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """One piece a colour, in the order in which colours came."""
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.colour, []).append(piece)
    return [_join(colour, some) for colour, some in found.items()]


def _join(colour: str, pieces: Sequence[Piece]) -> Piece:
    """Pieces of one colour as one; the corners of each are counted from where its points begin."""
    faces, begin = [], 0
    for piece in pieces:
        faces.append(piece.faces + begin)
        begin += len(piece.points)
    return Piece(colour, np.concatenate([p.points for p in pieces]), np.concatenate(faces))
