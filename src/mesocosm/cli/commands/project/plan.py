"""`mesocosm plan`: what a build would do, with its reasons; changes nothing."""

from __future__ import annotations

from pathlib import Path

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
def plan(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Show what a build would do, and why."""
    from mesocosm.cli.views.plan import format_plan
    from mesocosm.lifecycle.jobs.cost_estimate import estimate_costs
    from mesocosm.lifecycle.review.preview import preview_data
    from mesocosm.lifecycle.review.questions import ask_readings
    from mesocosm.lifecycle.review.text_coverage import check_reading

    eco = open_project(file)
    changes = eco.plan()
    left = preview_data(eco.spec, eco.catalog, changes)
    is_changed = [c.sign == "±" and c.address.startswith("datasets.") for c in changes]
    if any(is_changed):  # the comparison may stop the build, which the plan shows
        changes = eco.plan()
    costs = estimate_costs(eco.spec, eco.catalog, changes)
    warnings = check_reading(eco.spec, eco.catalog, changes)
    listed = []
    for change in changes:
        entry = change.as_json()
        if change.address in costs:
            entry["price"] = costs[change.address]
        if change.address in warnings:
            entry["warnings"] = warnings[change.address]
        listed.append(entry)
    fingerprints = {
        change.address: change.fingerprints.build for change in changes if change.fingerprints
    }
    questions = [
        finding.as_json() | {"text": finding.text()}
        for finding in ask_readings(eco.spec, fingerprints)
    ]
    answer(
        {"changes": listed, "compared_at_build": left, "questions": questions}, as_json, format_plan
    )
