"""`mesocosm export`: files that deploy the ecosystem elsewhere, or its world in 3D."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
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
    folder: Annotated[
        Path, typer.Argument(help="Where to write; created where it does not exist.")
    ],
    file: File = Path("ecosystem.yaml"),
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting, as image=registry.example/bank:1; see docs/kinds/exports.md."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write KIND's files to FOLDER; other files there stay as they are."""
    from mesocosm.core.errors import MesocosmError

    _check_kind(kind, set_ or [])
    eco = open_project(file)
    if folder.exists() and not folder.is_dir():
        raise MesocosmError(f"{folder} is a file; give a folder")
    files = _export(eco, kind, set_ or [])
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
    answer({"kind": kind, "folder": str(folder), "files": sorted(files)}, as_json, _text)


def _check_kind(kind: str, settings: list[str]) -> None:
    """Refuse an export that does not exist, and settings of one that has none."""
    from mesocosm.app.deploy import EXPORTS
    from mesocosm.core.errors import ConfigValueError
    from mesocosm.world.export import MODELS

    if kind not in EXPORTS and kind not in MODELS:
        raise ConfigValueError(
            "", f"no export is named '{kind}'", "one of the choices", [*EXPORTS, *MODELS], kind
        )
    if kind in MODELS and settings:
        raise ConfigValueError("--set", f"got '{settings[0][:60]}'", f"no setting: {kind} has none")


def _export(eco: Any, kind: str, settings: list[str]) -> dict[str, str | bytes]:
    """The files of an export by name.

    Raises:
        ConfigValueError: the export has no such setting.
    """
    from mesocosm.app.bundle import configure_exporter, describe_deployment
    from mesocosm.app.deploy import EXPORTS
    from mesocosm.app.world.scene_state import export_world

    if kind in EXPORTS:
        exporter = configure_exporter(EXPORTS[kind], settings)
        return dict(exporter.files(describe_deployment(eco.spec)))
    return export_world(eco.spec, eco.catalog, kind)


def _text(d: dict[str, Any]) -> str:
    lines = [f"{len(d['files'])} files for {d['kind']} in {d['folder']}:"]
    lines += [f"  {file}" for file in d["files"]]
    return "\n".join(lines)
