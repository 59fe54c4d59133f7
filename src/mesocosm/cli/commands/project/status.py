"""`mesocosm status`: what is deployed, which alerts are open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures

if TYPE_CHECKING:
    from mesocosm.api.results.project import Status


@report_failures
def status(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what each service runs, since when, and which alerts are open."""
    answer(open_project(file).status(), as_json, _text)


def _text(status: Status) -> str:
    from mesocosm.cli.views.status import StatusData, format_status

    return format_status(cast(StatusData, status.to_json()))
