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
from mesocosm.core.messages import Message, render

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
            "", Message("cli.drill.unknown", kind=kind), Message("cli.drill.choices"), DRILLS, kind
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
        Message(
            "cli.drill.recovered",
            drill=found.drill,
            service=found.service,
            seconds=found.seconds,
            requests=found.requests,
            failed=found.failed,
            lost=found.lost,
        ).render()
    ]
    lines += [
        f"  {render(found.what)}",
        *(Message("cli.drill.audit", line=_read_log(line)).render() for line in found.log),
    ]
    return "\n".join(lines)


def _read_log(line: str) -> Message:
    """A line of the audit: what it is about, and why."""
    subject, _, why = line.partition(": ")
    return Message("cli.drill.line", subject=subject, why=why)


def _text(found: DataDrill) -> str:
    first = Message(
        "cli.drill.head",
        drill=found.drill,
        rows=found.rows,
        service=found.service,
        seconds=found.seconds,
        failed=found.failed,
    ).render()
    if found.refused:
        first += Message("cli.drill.refused", number=found.refused).render()
    lines = [
        first,
        Message("cli.drill.marked").render(),
        *_alert_lines(found),
    ]
    if found.judged:
        lines.append(_diagnosis_line(found.judged))
    if found.verdict:
        lines.append(Message("cli.drill.challenger", why=found.verdict).render())
    lines.append(Message("cli.drill.served", before=found.before, after=found.after).render())
    return "\n".join(lines)


def _alert_lines(found: DataDrill) -> list[str]:
    lines = [Message("cli.drill.alert", message=message).render() for message in found.alerts] or [
        _say_no_alert(found)
    ]
    for alert in found.open_before:
        lines.append(
            Message("cli.drill.still_open", message=alert.message, alert=alert.id).render()
        )
    return lines


def _say_no_alert(found: DataDrill) -> str:
    if found.open_before:
        return Message("cli.drill.no_new_alert").render()
    return Message("cli.drill.no_alert").render()


def _diagnosis_line(verdict: JsonObject) -> str:
    line = Message("cli.drill.diagnosis", kind=str(verdict["kind"])).render()
    harm = verdict["harm"]
    if isinstance(harm, int | float):
        line += Message("cli.drill.accuracy_lost", harm=harm).render()
    return Message("cli.drill.remediation", line=line, remedy=str(verdict["remedy"])).render()
