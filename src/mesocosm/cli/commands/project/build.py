"""`mesocosm build`: apply the plan, with progress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem
    from mesocosm.api.results.project import BuildResult


@report_failures
def build(
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what resources that left the file had built.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            help=(
                "Train on a changed field although its unit, codes or missing share changed:"
                " DATASET.FIELD, or DATASET for all of its fields. Audited."
            ),
        ),
    ] = None,
) -> None:
    """Apply the plan; what is unchanged is kept."""
    result = run_build(open_project(file), as_json, prune, accept or [])
    answer(result, as_json, _text)
    if result.failed:
        raise typer.Exit(1)


def run_build(
    eco: Ecosystem, quiet: bool, prune: bool = False, accept: Sequence[str] = ()
) -> BuildResult:
    """Build with a spinner and a line a step on standard error."""
    from mesocosm.api.verbs import building
    from mesocosm.cli.progress import Beat, Screen

    console = Screen(stderr=True, quiet=quiet, highlight=False)
    with Beat(console, Message("cli.build.planning").render()) as beat:
        return building.run_build(eco, prune, accept, beat.say)


def summarise(result: BuildResult) -> str:
    """How much was built, kept and failed."""
    built = sum(resource.sign != "=" for resource in result.done)
    failed = len({tuple(finding.key.split(".")[:2]) for finding in result.failed})
    return Message(
        "cli.build.result",
        built=built,
        kept=len(result.done) - built,
        failed=failed,
        seconds=result.seconds,
    ).render()


def _text(result: BuildResult) -> str:
    return "\n".join([*(finding.render() for finding in result.failed), summarise(result)])
