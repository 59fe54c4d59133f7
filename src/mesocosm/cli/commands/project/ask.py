"""`mesocosm ask`: a question in words to a service that answers from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import MesocosmError


@report_failures
def ask(
    service: Annotated[str, typer.Argument(help="A service with 'answers'.")],
    question: Annotated[str, typer.Argument(help="The question, in words.")],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Ask SERVICE a question; the answer comes with the row of the table that supports it."""
    from mesocosm.api.service_calls import call, local

    if not question.strip():
        raise MesocosmError("the question is empty")
    eco = open_project(file)
    if service not in eco.spec.eco.services:
        local(eco, service)  # says which services there are
    if eco.spec.eco.services[service].answers is None:
        speaking = [name for name, s in eco.spec.eco.services.items() if s.answers]
        instead = f"; these have one: {', '.join(speaking)}" if speaking else ""
        raise MesocosmError(f"'{service}' has no table of answers ('answers'){instead}")
    body = {"model": service, "messages": [{"role": "user", "content": question}]}
    found = call(eco, "POST", "/v1/chat/completions", body)
    grounding = found["grounding"] if found else local(eco, service).now.ask(question.strip())
    answer(dict(grounding), as_json, _text)


def _text(data: dict[str, Any]) -> str:
    lines = [str(data["answer"])]
    if data.get("row") is not None:
        lines.append(f"  from {data.get('source', 'the table')} row {data['row']}")
    return "\n".join(lines)
