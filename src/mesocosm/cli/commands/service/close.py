"""`mesocosm service close`: an alert closed by a person, with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import ConfigValueError


@report_failures
def close(
    alert: Annotated[
        str, typer.Argument(help="The id of an open alert; 'mesocosm status' shows it.")
    ],
    why: Annotated[str, typer.Option(help="The reason; written into the audit.")],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Close ALERT by hand. A fault that is still there raises another."""
    eco = open_project(file)
    if not why.strip():
        raise ConfigValueError("--why", "the reason is empty", "a sentence")
    found = {a["id"]: a for a in eco.catalog.alerts(open_only=True, most=1000)}
    if alert not in found:
        raise ConfigValueError(
            "",
            f"no open alert has the id '{alert[:60]}'",
            "one of those that are open",
            list(found),
            alert,
        )
    eco.catalog.clear(found[alert]["monitor"], why, alert, who="command line")
    answer(
        {"alert": alert, "monitor": found[alert]["monitor"], "why": why},
        as_json,
        lambda d: f"{d['alert']} of {d['monitor']} is closed: {d['why']}",
    )
