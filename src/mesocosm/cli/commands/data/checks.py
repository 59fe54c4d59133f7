"""`mesocosm data checks`: the rules of a dataset, and what each build found of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.cli.views.columns import measure, pad
from mesocosm.core.messages import Message, render

if TYPE_CHECKING:
    from mesocosm.api.results.checks import BrokenRow, CheckHistory, CheckRun, DatasetChecks

COLUMNS = (
    "cli.checks.column.rule",
    "cli.checks.column.severity",
    "cli.checks.column.newest",
    "cli.checks.column.problem",
)
WIDEST = 90  # columns of an original on the terminal


@report_failures
def checks(
    dataset: str,
    rule: Annotated[
        str | None, typer.Option(help="Only rules whose words hold this, each with its history.")
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="Also list up to so many quarantined rows that break the rule."),
    ] = None,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Show the rules of DATASET, what the builds found of them, and which problems are open."""
    found = open_project(file).data.checks(dataset, rule, rows)
    answer(found, as_json, lambda checks: _text(checks, history=rule is not None))


def _text(found: DatasetChecks, history: bool) -> str:
    if not found.rules:
        return Message("cli.checks.none", dataset=found.dataset).render()
    lines = [_head(found), *_table(found.rules)]
    for rule in found.rules if history else ():
        lines += ["", f"  {rule.rule}", *(_run_line(run) for run in rule.runs)]
    if found.rows is not None:
        lines += ["", *(_row_line(row) for row in found.rows)]
    return "\n".join(lines)


def _head(found: DatasetChecks) -> str:
    """How many rules there are and how many problems are open, and whose they are."""
    opened = len(found.open_problems)
    counts = Message(
        "cli.checks.head", version=found.version, rules=len(found.rules), open=opened
    ).render()
    if not found.owner:
        return counts
    return Message("cli.checks.owner", counts=counts, owner=found.owner).render()


def _table(rules: tuple[CheckHistory, ...]) -> list[str]:
    rows = [[Message(id).render() for id in COLUMNS], *map(_cells, rules)]
    widths = [max(measure(row[column]) for row in rows) + 2 for column in range(len(COLUMNS))]
    return [
        "  " + "".join(pad(cell, -width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _cells(rule: CheckHistory) -> list[str]:
    """A rule as a row of the table."""
    newest = Message("cli.checks.not_checked").render()
    if rule.runs:
        newest = _result(rule.runs[-1])
    return [rule.rule, rule.severity, newest, _problem(rule)]


def _problem(rule: CheckHistory) -> str:
    """Whether a rule has a problem, and since when."""
    if rule.problem == "open":
        return Message("cli.checks.open", since=rule.since or "", seen=rule.seen).render()
    return Message("cli.checks.closed").render() if rule.problem else "-"


def _result(run: CheckRun) -> str:
    """What a build found of a rule."""
    if run.found:
        return render(run.found)
    if not run.broken:
        return Message("cli.checks.passed", rows=run.rows).render()
    return Message("cli.checks.broken", broken=run.broken, rows=run.rows).render()


def _run_line(run: CheckRun) -> str:
    when = datetime.fromtimestamp(run.at).strftime("%Y-%m-%d %H:%M")
    return f"    {pad(run.version, -28)}{when}  {_result(run)}"


def _row_line(row: BrokenRow) -> str:
    original = (row.original or "").replace("\n", " ")
    if len(original) > WIDEST:
        original = f"{original[: WIDEST - 1]}…"
    return f"  {row.file}:{row.line}  {original}"
