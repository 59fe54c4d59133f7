"""`mesocosm service rollback`: the version before, back in service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
def rollback(
    service: Annotated[str, typer.Argument(help="A service.")],
    file: File = Path("ecosystem.yaml"),
    why: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Roll SERVICE back to the version that it ran before."""
    answer(
        open_project(file).service.rollback(service, why),
        as_json,
        lambda d: f"{d.service}: {d.before} -> {d.to}",
    )
