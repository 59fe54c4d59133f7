"""`mesocosm ask`: a question in words to a service that answers from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures

if TYPE_CHECKING:
    from mesocosm.client.answers import Answer


@report_failures
def ask(
    service: Annotated[str, typer.Argument(help="A service with 'answers'.")],
    question: Annotated[str, typer.Argument(help="The question, in words.")],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Ask SERVICE a question; the answer comes with the row of the table that supports it."""
    answer(open_project(file).ask(service, question), as_json, _describe)


def _describe(found: Answer) -> str:
    """The answer, and the file and line of its row below it."""
    if not found.source:
        return found.answer
    return f"{found.answer}\n  {found.source['file']}:{found.source['line']}"
