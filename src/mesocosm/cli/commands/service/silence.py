"""`mesocosm service silence`: no notifications of a monitor's alerts for a while; alerts are still
raised and shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.values.durations import seconds


@report_failures
def silence(
    monitor: Annotated[str, typer.Argument(help="A monitor; '*' for all.")],
    file: File = Path("ecosystem.yaml"),
    length: Annotated[
        str, typer.Option("--for", help="How long, as 2h; 0s ends a silence.")
    ] = "2h",
    why: Annotated[str, typer.Option(help="Written into the audit.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Send no notifications about MONITOR's alerts for a while."""
    eco = open_project(file)
    if monitor != "*" and monitor not in eco.spec.eco.monitors:
        raise ConfigValueError(
            "",
            f"no monitor is named '{monitor}'",
            "one of the choices",
            ["*", *eco.spec.eco.monitors],
            monitor,
        )
    try:
        wait = seconds(length)
    except (ValueError, KeyError, IndexError) as error:
        raise ConfigValueError(
            "--for", f"got '{length[:40]}'", "a length of time, as 30m or 2h"
        ) from error
    until = eco.catalog.silence(monitor, wait, "command line", why)
    answer(
        {"monitor": monitor, "until": until, "why": why},
        as_json,
        lambda d: f"{d['monitor']} is silent for {length}: {d['why']}.",
    )
