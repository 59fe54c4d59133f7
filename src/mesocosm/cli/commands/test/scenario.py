"""`mesocosm test scenario`: a scenario test on a copy of the ecosystem, with what should follow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.cli.views.columns import pad
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.trials import ScenarioResult, SceneAct
    from mesocosm.core.progress import ProgressLine


@report_failures
def scenario(
    file: File = Path("ecosystem.yaml"),
    told: Annotated[
        Path | None,
        typer.Option(
            "--story",
            help="The scenario's file; story.yaml next to ecosystem.yaml where not given.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a scenario test (a normal day, bad input, a change of the data, the recovery) on a copy
    of what is built; fails where something does not follow as the story expects.
    """
    from rich.status import Status

    from mesocosm.api.verbs.test import run_scenario
    from mesocosm.cli.progress import Screen
    from mesocosm.core.progress import render_progress

    eco = open_project(file)
    console = Screen(stderr=True, quiet=as_json, highlight=False)
    with Status(Message("cli.scenario.starting").render(), console=console) as status:

        def show(name: str, line: ProgressLine) -> None:
            status.update(f"[bold]{name}[/bold]  {render_progress(line)}".strip())

        result = run_scenario(eco, told, show)
    answer(result, as_json, _text)
    if not result.passed:
        raise typer.Exit(1)


def _text(found: ScenarioResult) -> str:
    lines = []
    if found.about:
        lines.append(found.about)
    for act in found.acts:
        lines += _act_lines(act)
    passed = len(found.acts) - found.missed
    lines.append(Message("cli.scenario.passed", passed=passed, all=len(found.acts)).render())
    return "\n".join(lines)


def _result(act: SceneAct) -> str:
    if act.missed:
        return pad(Message("cli.scenario.fail").render(), -5)
    return pad(Message("cli.scenario.ok").render(), -5)


def _act_lines(act: SceneAct) -> list[str]:
    lines = [f"{_result(act)}{act.act}  ({act.service}: {', '.join(_requests(act))})"]
    if act.why:
        lines.append(Message("cli.scenario.refused", why=act.why).render())
    lines += [Message("cli.scenario.alert", message=message).render() for message in act.alerts]
    if act.versions:
        lines.append(Message("cli.scenario.trained", versions=tuple(act.versions)).render())
    lines += [Message("cli.scenario.missed", message=message).render() for message in act.missed]
    return lines


def _requests(act: SceneAct) -> list[str]:
    """What was sent in an act, and what became of it."""
    parts = []
    if act.rows:
        parts.append(Message("cli.scenario.rows", rows=act.rows).render())
    parts += [Message(id, count=count).render() for id, count in _losses(act) if count]
    if act.asked:
        parts.append(Message("cli.scenario.questions", known=act.known, asked=act.asked).render())
    return [*parts, *_latency(act)]


def _latency(act: SceneAct) -> list[str]:
    """The median latency, where a row was answered."""
    if act.p50_ms is None:
        return []
    return [f"p50 {act.p50_ms} ms"]


def _losses(act: SceneAct) -> tuple[tuple[str, int], ...]:
    """The rows without an answer, by the message that counts them."""
    return (
        ("cli.scenario.refused_rows", act.refused),
        ("cli.scenario.unsure_rows", act.unsure),
        ("cli.scenario.lost_rows", act.lost),
    )
