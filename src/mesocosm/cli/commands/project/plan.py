"""`mesocosm plan`: what a build would do, with its reasons; changes nothing."""

from __future__ import annotations

from pathlib import Path

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
def plan(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what a build would do, and why."""
    from mesocosm.cli.views.plan import format_plan

    answer(open_project(file).plan(details=True), as_json, format_plan)
