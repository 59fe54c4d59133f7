"""`mesocosm service promote`: deploy the version of a rollout now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
def promote(
    service: str,
    file: File = Path("ecosystem.yaml"),
    why: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """End the rollout of SERVICE by promoting its new version; 'mesocosm service rollback' ends it
    the other way.
    """
    answer(
        open_project(file).service.promote(service, why),
        as_json,
        lambda d: f"{d.service}: {d.before} -> {d.to}",
    )
