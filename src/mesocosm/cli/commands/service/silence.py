"""`mesocosm service silence`: no notifications of a monitor's alerts for a while; alerts are still
raised and shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message


@report_failures
def silence(
    monitor: Annotated[str, typer.Argument(help="A monitor; '*' for all.")],
    file: File = Path("ecosystem.yaml"),
    length: Annotated[
        str, typer.Option("--for", help="How long, as 2h; 0s ends a silence.")
    ] = "2h",
    why: Annotated[str, typer.Option(help="Written into the audit.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Send no notifications about MONITOR's alerts for a while."""
    answer(
        open_project(file).service.silence(monitor, length, why),
        as_json,
        lambda d: Message(
            "cli.service.silent", monitor=d.monitor, length=length, why=d.why
        ).render(),
    )
