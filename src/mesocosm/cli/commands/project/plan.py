"""`mesocosm plan`: what a build would do, with its reasons; changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures

if TYPE_CHECKING:
    from mesocosm.api.results.plan import Plan


@report_failures
def plan(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what a build would do, and why. Exits with 1 where new rows would stop it."""
    plan = open_project(file).plan(details=True)
    answer(plan, as_json, _text)
    if plan.stops:
        raise typer.Exit(1)


def _text(plan: Plan) -> str:
    from mesocosm.cli.views.plan import PlanData, format_plan

    return format_plan(cast(PlanData, plan.to_json()))
