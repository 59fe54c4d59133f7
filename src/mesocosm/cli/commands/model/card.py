"""`mesocosm model card`: what a model is, its training data and its weaknesses, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message


@report_failures
def card(
    model: str,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", help="An id as `mesocosm report` shows it; the newest where none is named."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write it to this file.")] = None,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Write the model card of a version, in Markdown."""
    found = open_project(file).model.card(model, version, out)
    answer(
        found,
        as_json,
        lambda d: Message("cli.written", file=d.written or "").render() if out else d.card,
    )
