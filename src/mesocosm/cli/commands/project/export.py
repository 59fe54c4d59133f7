"""`mesocosm export`: the ecosystem as other systems read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def export(
    kind: Annotated[
        str,
        typer.Argument(
            help=(
                "docker, compose, kubernetes, prometheus or grafana; glb or usdz for the world as a"
                " model in 3D."
            )
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="Where to write; made where it is not.")],
    file: File = Path("ecosystem.yaml"),
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting, as image=registry.example/bank:1; see docs/kinds/exports.md."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write KIND's files to FOLDER; files there that are not ours stay as they are."""
    from mesocosm.app.bundle import configure_exporter, describe_deployment
    from mesocosm.app.deploy import EXPORTS
    from mesocosm.app.world.scene_state import export_world
    from mesocosm.core.errors import ConfigValueError, MesocosmError
    from mesocosm.world.export import MODELS

    if kind not in EXPORTS and kind not in MODELS:
        raise ConfigValueError(
            "", f"no export is named '{kind}'", "one of the choices", [*EXPORTS, *MODELS], kind
        )
    if kind in MODELS and set_:
        raise ConfigValueError(
            "--set", f"'{set_[0][:60]}' was given", f"no setting: {kind} has none"
        )
    eco = opened(file)
    if folder.exists() and not folder.is_dir():
        raise MesocosmError(f"{folder} is a file; give a folder")
    files: dict[str, str | bytes] = (
        dict(configure_exporter(EXPORTS[kind], set_ or []).files(describe_deployment(eco.spec)))
        if kind in EXPORTS
        else export_world(eco.spec, eco.catalog, kind)
    )
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    answer({"kind": kind, "folder": str(folder), "files": sorted(files)}, as_json, _text)


def _text(d: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"{len(d['files'])} files for {d['kind']} in {d['folder']}:",
            *(f"  {f}" for f in d["files"]),
        ]
    )
