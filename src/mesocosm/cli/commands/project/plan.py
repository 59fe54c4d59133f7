"""`mesocosm plan`: what a build would do, with its reasons; changes nothing."""

from __future__ import annotations

from pathlib import Path

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def plan(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what a build would do, and why."""
    from mesocosm.cli.views.plan import format_plan
    from mesocosm.lifecycle.jobs.cost_estimate import prices
    from mesocosm.lifecycle.review.preview import preview_data
    from mesocosm.lifecycle.review.questions import ask_readings
    from mesocosm.lifecycle.review.text_coverage import read_ahead

    eco = opened(file)
    changes = eco.plan()
    left = preview_data(eco.spec, eco.catalog, changes)
    if any(
        c.sign == "±" and c.address.startswith("datasets.") for c in changes
    ):  # what was compared may stop the build, which the plan tells
        changes = eco.plan()
    told = prices(eco.spec, eco.catalog, changes)
    ahead = read_ahead(eco.spec, eco.catalog, changes)
    listed = [
        c.as_json()
        | ({"price": told[c.address]} if c.address in told else {})
        | ({"warnings": ahead[c.address]} if c.address in ahead else {})
        for c in changes
    ]
    questions = [
        f.as_json() | {"text": f.text()}
        for f in ask_readings(eco.spec, {c.address: c.prints.made for c in changes if c.prints})
    ]
    answer(
        {"changes": listed, "compared_at_build": left, "questions": questions}, as_json, format_plan
    )
