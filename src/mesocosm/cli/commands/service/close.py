"""`mesocosm service close`: an alert closed by a person, with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message


@report_failures
def close(
    alert: Annotated[
        str, typer.Argument(help="The id of an open alert; 'mesocosm status' shows it.")
    ],
    why: Annotated[str, typer.Option(help="The reason; written into the audit.")],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Close ALERT by hand. A fault that is still there raises another."""
    answer(
        open_project(file).service.close(alert, why),
        as_json,
        lambda d: Message(
            "cli.service.closed", alert=d.alert, monitor=d.monitor, why=d.why
        ).render(),
    )
