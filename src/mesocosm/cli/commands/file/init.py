"""`mesocosm init`: a small file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import report_failures


@report_failures
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to begin in.")] = Path("."),
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            help="A scene to begin from, with its data: bank, hospital, newsroom, shop or support.",
        ),
    ] = None,
) -> None:
    """Write a small ecosystem.yaml to begin with, or a whole scene; an existing one is never
    changed.
    """
    from mesocosm.api.verbs.new_project import init as begin_project

    project = begin_project(folder, template)
    if project.template:
        print(f"{project.file} and its data are written. Now run: mesocosm up {folder}")
        return
    print(
        f"{project.file} is written. Put your rows into {folder / 'data/table.csv'}, then run:"
        f" mesocosm build -f {folder}"
    )
