"""`mesocosm export`: files that deploy the ecosystem elsewhere, or its world in 3D."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.project import Export


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
    from mesocosm.api.verbs.overview import check_export

    check_export(kind, set_ or [])
    answer(open_project(file).export(kind, folder, set_ or []), as_json, _text)


def _text(d: Export) -> str:
    lines = [
        Message("cli.export_written", number=len(d.files), kind=d.kind, folder=d.folder).render()
    ]
    lines += [f"  {file}" for file in d.files]
    return "\n".join(lines)
