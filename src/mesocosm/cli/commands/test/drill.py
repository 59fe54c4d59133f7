"""`mesocosm test drill`: a change of the data sent to a running service on purpose, or a fault
injected into a copy of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import ConfigValueError

if TYPE_CHECKING:
    from mesocosm.api.results.trials import DataDrill, FaultDrill
    from mesocosm.core.records import JsonObject
    from mesocosm.resilience.data_drill import Report


class Bar(Protocol):
    """A progress bar of the terminal."""

    def update(self, n_steps: int) -> None:
        """Move it by some steps."""


@report_failures
def drill(
    kind: Annotated[
        str,
        typer.Argument(
            help="quiet, unit-change, drift, concept-change; on a copy: kill, bad-model, full-disk."
        ),
    ],
    file: File = Path("ecosystem.yaml"),
    service: Annotated[
        str | None, typer.Option(help="The service; the first watched one where not given.")
    ] = None,
    rows: Annotated[int, typer.Option(min=10, max=5000)] = 300,
    wait: Annotated[float, typer.Option(help="Seconds to wait for what follows.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send test rows to a running service, changed as KIND says, and report what followed; or
    inject a fault into a copy, and report how long recovery took.
    """
    from mesocosm.api.results.trials import FaultDrill
    from mesocosm.resilience.data_drill import DRILLS

    if kind not in DRILLS:
        raise ConfigValueError(
            "", f"no drill is named '{kind}'", "one of the choices", DRILLS, kind
        )
    eco = open_project(file)
    with _show_progress() as report:
        found = eco.test.drill(kind, service, rows, wait, report)
    if isinstance(found, FaultDrill):
        answer(found, as_json, _fault_text)
    else:
        answer(found, as_json, _text)


@contextmanager
def _show_progress() -> Iterator[Report]:
    """A bar on standard error, from the first row on."""
    with ExitStack() as shown:
        bars: list[Bar] = []

        def report(label: str, sent: int, of: int) -> None:
            if not bars:
                bar = typer.progressbar(length=of, label=label, file=sys.stderr)
                bars.append(shown.enter_context(bar))
            bars[0].update(1)

        yield report


def _fault_text(found: FaultDrill) -> str:
    lines = [
        f"{found.drill} of a copy of {found.service}: recovered in {found.seconds:.2f} s;"
        f" {found.requests} requests meanwhile, {found.failed} failed, {found.lost}"
        " answered and not logged"
    ]
    lines += [f"  {found.what}", *(f"  audit: {line}" for line in found.log)]
    return "\n".join(lines)


def _text(found: DataDrill) -> str:
    first = (
        f"{found.drill}: {found.rows} rows to {found.service} in {found.seconds} s,"
        f" {found.failed} server errors"
    )
    if found.refused:
        first += f", {found.refused} refused"
    lines = [
        first,
        "  The rows are marked as a drill: the monitor evaluates them apart from the traffic, and"
        " neither they nor their labels train a model, evaluate a version or count as requests.",
        *_alert_lines(found),
    ]
    if found.judged:
        lines.append(_diagnosis_line(found.judged))
    if found.verdict:
        lines.append(
            "  a challenger was trained, as the monitor asks; it was neither trained nor evaluated"
            f" on rows or labels of the drill: {found.verdict}"
        )
    lines.append(f"  served before by {found.before}, now by {found.after}")
    return "\n".join(lines)


def _alert_lines(found: DataDrill) -> list[str]:
    lines = [f"  alert: {message}" for message in found.alerts] or [_say_no_alert(found)]
    for alert in found.open_before:
        lines.append(
            f"  still open from before: {alert.message} [{alert.id}]; while it is open, the"
            " same change raises no second alert; unchanged rows close it: mesocosm test drill"
            " quiet"
        )
    return lines


def _say_no_alert(found: DataDrill) -> str:
    if found.open_before:
        return "  no new alert"
    return "  no alert"


def _diagnosis_line(verdict: JsonObject) -> str:
    line = f"  diagnosis: {verdict['kind']}"
    harm = verdict["harm"]
    if isinstance(harm, int | float):
        line += f", about {harm:.3f} of accuracy lost"
    return f"{line}; remediation: {verdict['remedy']}"
