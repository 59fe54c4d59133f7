"""`mesocosm model suggest`: configuration changes that measurements support."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message, render

if TYPE_CHECKING:
    from mesocosm.api.results.model import Suggestions


@report_failures
def suggest(
    file: File = Path("ecosystem.yaml"),
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Write the file with all suggestions to a new file; it must not exist yet.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Suggest configuration changes backed by measurements, each with its evidence; nothing is
    changed but the file written by -o.
    """
    answer(open_project(file).model.suggest(out), as_json, _text)


def _text(data: Suggestions) -> str:
    if not data.proposals:
        return Message("cli.suggest.none").render()
    lines = []
    for number, proposal in enumerate(data.proposals, 1):
        line = f"{number}. {proposal.at}: {_as_text(proposal.would)}"
        if proposal.was is not None:
            line += Message("cli.suggest.now", value=_as_text(proposal.was)).render()
        lines += [line, f"     {render(proposal.because)}"]
    written = data.written
    if written:
        lines.append(Message("cli.suggest.written", file=written).render())
    else:
        lines.append(Message("cli.suggest.apply").render())
    return "\n".join(lines)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
