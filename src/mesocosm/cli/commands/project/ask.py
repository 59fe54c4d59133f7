"""`mesocosm ask`: a question in words to a service that answers from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
def ask(
    service: Annotated[str, typer.Argument(help="A service with 'answers'.")],
    question: Annotated[str, typer.Argument(help="The question, in words.")],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Ask SERVICE a question; the answer comes with the row of the table that supports it."""
    answer(open_project(file).ask(service, question), as_json, lambda found: found.answer)
