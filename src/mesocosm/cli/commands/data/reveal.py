"""`mesocosm data reveal`: decrypt a field of a row, with a reason for the audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message


@report_failures
def reveal(
    field: str,
    dataset: Annotated[str, typer.Option("--dataset", help="The dataset that holds the row.")],
    key: Annotated[
        list[str], typer.Option("--key", help="The row's key; may be given several times.")
    ],
    why: Annotated[str, typer.Option("--why", help="The reason; written into the audit.")],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Decrypt FIELD of the rows of a key; the audit records who did it and why."""
    answer(
        open_project(file).data.reveal(field, dataset, key, why),
        as_json,
        lambda d: "\n".join(str(f.value) for f in d.found) or Message("cli.reveal.none").render(),
    )
