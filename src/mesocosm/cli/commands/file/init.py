"""`mesocosm init`: a small file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import report_failures
from mesocosm.core.messages import Message


@report_failures
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to begin in.")] = Path("."),
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            help="A scene to begin from, with its data: bank, hospital, newsroom, shop or support; "
            "in Chinese newsroom-zh or support-zh.",
        ),
    ] = None,
) -> None:
    """Write a small ecosystem.yaml to begin with, or a whole scene; an existing one is never
    changed.
    """
    from mesocosm.api.verbs.new_project import init as begin_project

    project = begin_project(folder, template)
    if project.template:
        print(Message("cli.init.scene_written", file=project.file, folder=str(folder)).render())
        return
    print(
        Message(
            "cli.init.written",
            file=project.file,
            table=str(folder / "data/table.csv"),
            folder=str(folder),
        ).render()
    )
