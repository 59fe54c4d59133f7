"""`mesocosm test scenario`: a scenario test on a copy of the ecosystem, with what should follow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
def scenario(
    file: File = Path("ecosystem.yaml"),
    told: Annotated[
        Path | None,
        typer.Option(
            "--story", help="The story's file; story.yaml next to the ecosystem's where not given."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a scenario test (a normal day, bad input, a change of the data, the recovery) on a copy
    of what is built; fails where something does not follow as the story expects.
    """
    from rich.status import Status

    from mesocosm.cli.progress import Screen
    from mesocosm.resilience.scenario import read_story
    from mesocosm.resilience.scenario_run import play_story

    eco = open_project(file)
    scenario = read_story(eco.spec, told)
    console = Screen(stderr=True, quiet=as_json, highlight=False)
    with Status(f"{len(scenario.acts)} acts; the copy starts", console=console) as status:
        acts = play_story(
            eco.spec, scenario, lambda name, text: status.update(f"[bold]{name}[/bold]  {text}")
        )
    found = {
        "about": scenario.about,
        "acts": [act.as_json() for act in acts],
        "missed": sum(bool(act.missed) for act in acts),
    }
    answer(found, as_json, _text)
    if found["missed"]:
        raise typer.Exit(1)


def _text(found: dict[str, Any]) -> str:
    lines = []
    if found["about"]:
        lines.append(found["about"])
    for act in found["acts"]:
        lines += _act_lines(act)
    passed = len(found["acts"]) - found["missed"]
    lines.append(f"{passed} of {len(found['acts'])} acts passed")
    return "\n".join(lines)


def _act_lines(act: dict[str, Any]) -> list[str]:
    result = "FAIL " if act["missed"] else "ok   "
    lines = [f"{result}{act['act']}  ({act['service']}: {', '.join(_requests(act))})"]
    if act["why"]:
        lines.append(f"       refused: {act['why']}")
    lines += [f"       alert: {message}" for message in act["alerts"]]
    if act["versions"]:
        lines.append(f"       trained: {', '.join(act['versions'])}")
    lines += [f"       not as expected: {message}" for message in act["missed"]]
    return lines


def _requests(act: dict[str, Any]) -> list[str]:
    """What was sent in an act, and what became of it."""
    parts = []
    if act["rows"]:
        parts.append(f"{act['rows']} rows")
    parts += [f"{act[key]} {key}" for key in ("refused", "unsure", "lost") if act[key]]
    if act["asked"]:
        parts.append(f"{act['known']} of {act['asked']} questions answered")
    if act["p50_ms"] is not None:
        parts.append(f"p50 {act['p50_ms']} ms")
    return parts
