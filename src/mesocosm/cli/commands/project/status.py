"""`mesocosm status`: what is deployed, which alerts are open."""

from __future__ import annotations

from pathlib import Path

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.cli.views.status import format_status


@report_failures
def status(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what each service runs, since when, and which alerts are open."""
    answer(open_project(file).status(), as_json, format_status)
