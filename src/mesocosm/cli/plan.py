"""`mesocosm plan`: what a build would do, with its reasons; changes nothing."""

from __future__ import annotations

from pathlib import Path

from mesocosm.cli.common import AsJson, File, answer, guarded, opened


@guarded
def plan(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what a build would do, and why."""
    from mesocosm.cli.views.plan import plan_text

    changes = [c.as_json() for c in opened(file).plan()]
    answer({"changes": changes}, as_json, plan_text)
