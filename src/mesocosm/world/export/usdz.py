"""A world as USDZ, which a phone lays on the table: a prim an element, its address and sentence as
custom data.

Source: Pixar, the USDZ file format specification; UsdPreviewSurface.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from mesocosm.world.export.land import land
from mesocosm.world.export.pieces import Piece
from mesocosm.world.export.solids import element
from mesocosm.world.wire import Scene

TABLE = 0.9  # metres that the valley is wide on a table


def usdz(scene: Scene) -> bytes:
    """The valley, sized for a table, y up.

    Raises:
        ModuleNotFoundError: the extra 'world' is not installed.
    """
    from pxr import Gf, Sdf, Usd, UsdGeom, UsdUtils

    with tempfile.TemporaryDirectory() as folder:
        stage = Usd.Stage.CreateNew(str(Path(folder) / "world.usdc"))
        UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
        UsdGeom.SetStageMetersPerUnit(stage, 1.0)
        root = UsdGeom.Xform.Define(stage, "/World")
        stage.SetDefaultPrim(root.GetPrim())
        root.GetPrim().SetCustomDataByKey("ecosystem", scene.ecosystem)
        root.GetPrim().SetCustomDataByKey("revision", scene.revision)
        ground = land(scene)
        wide = max(float(p.points[:, 0].max()) for p in ground) * 2
        root.AddScaleOp().Set(Gf.Vec3f(TABLE / wide))
        paints: dict[str, Any] = {}
        _put(stage, "/World/Land", ground, paints)
        for number, e in enumerate(scene.elements):
            path = f"/World/{_word(e.id)}_{number}"
            prim = UsdGeom.Xform.Define(stage, path)
            prim.AddTranslateOp().Set(Gf.Vec3d(e.x, e.altitude, e.z))
            for key, value in (
                ("address", e.id),
                ("says", e.says),
                ("state", e.state),
                ("kind", e.kind),
            ):
                prim.GetPrim().SetCustomDataByKey(key, value)
            _put(stage, path, element(e), paints)
        stage.GetRootLayer().Save()
        out = Path(folder) / "world.usdz"
        if not UsdUtils.CreateNewUsdzPackage(
            Sdf.AssetPath(str(Path(folder) / "world.usdc")), str(out)
        ):
            raise RuntimeError("USD could not write the package")
        return out.read_bytes()


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", text)[:60]


def _put(stage: Any, path: str, pieces: list[Piece], paints: dict[str, Any]) -> None:
    from pxr import Gf, UsdGeom, UsdShade, Vt

    for number, piece in enumerate(pieces):
        mesh = UsdGeom.Mesh.Define(stage, f"{path}/part_{number}")
        points = piece.points.astype("float32")
        mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
        mesh.CreateFaceVertexCountsAttr([3] * len(piece.faces))
        mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(piece.faces.astype("int32").ravel()))
        mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        mesh.CreateExtentAttr(
            [Gf.Vec3f(*points.min(0).tolist()), Gf.Vec3f(*points.max(0).tolist())]
        )
        UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(
            paints.get(piece.colour) or paints.setdefault(piece.colour, _paint(stage, piece.colour))
        )


def _paint(stage: Any, colour: str) -> Any:
    from pxr import Gf, Sdf, UsdShade

    material = UsdShade.Material.Define(stage, f"/World/Paints/c{colour[1:]}")
    shader = UsdShade.Shader.Define(stage, f"/World/Paints/c{colour[1:]}/surface")
    shader.CreateIdAttr("UsdPreviewSurface")
    linear = [((int(colour[i : i + 2], 16) / 255) ** 2.2) for i in (1, 3, 5)]
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*linear))
    shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(0.85)
    shader.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(0.0)
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    return material
