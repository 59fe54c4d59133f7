"""A world as binary glTF: a node an element, named by its address, with what it says as extras.

Source: Khronos, glTF 2.0 specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.world.export.land import land
from mesocosm.world.export.pieces import Piece
from mesocosm.world.export.solids import element
from mesocosm.world.wire import Scene

if TYPE_CHECKING:
    from trimesh.visual.material import PBRMaterial


def glb(scene: Scene) -> bytes:
    """The valley in metres, y up.

    Raises:
        ModuleNotFoundError: the extra 'world' is not installed.
    """
    import trimesh

    whole = trimesh.Scene(
        metadata={"ecosystem": scene.ecosystem, "revision": scene.revision, "about": scene.about}
    )
    paints: dict[str, PBRMaterial] = {}

    def put(
        name: str, pieces: list[Piece], at: tuple[float, float, float], told: Mapping[str, object]
    ) -> None:
        whole.graph.update(
            name,
            frame_from="world",
            matrix=trimesh.transformations.translation_matrix(at),
            metadata=told,
        )
        for piece in pieces:
            mesh = trimesh.Trimesh(piece.points, piece.faces, process=False)
            mesh.visual = trimesh.visual.TextureVisuals(
                material=paints.setdefault(piece.colour, _paint(piece.colour))
            )
            mesh.unmerge_vertices()
            whole.add_geometry(
                mesh,
                node_name=f"{name} {piece.colour}",
                geom_name=f"{name} {piece.colour}",
                parent_node_name=name,
            )

    put("land", land(scene), (0.0, 0.0, 0.0), {})
    for e in scene.elements:
        put(
            e.id,
            element(e),
            (e.x, e.altitude, e.z),
            {"says": e.says, "state": e.state, "kind": e.kind, "needs": e.needs},
        )
    return bytes(whole.export(file_type="glb"))


def _paint(colour: str) -> PBRMaterial:
    import trimesh

    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return trimesh.visual.material.PBRMaterial(
        name=colour, baseColorFactor=[*rgb.tolist(), 255], metallicFactor=0.0, roughnessFactor=0.85
    )
