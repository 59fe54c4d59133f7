"""`mesocosm data lineage`: where snapshots and model versions came from, as OpenLineage events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message


@report_failures
def lineage(
    file: File = Path("ecosystem.yaml"),
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the events to a file, one a line.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give the lineage of everything that was built as OpenLineage events, column by column."""
    found = open_project(file).data.lineage(out)
    if out:
        answer(
            {"written": str(out), "events": len(found.lines)},
            as_json,
            lambda d: Message(
                "cli.lineage.written", number=len(found.lines), file=str(out)
            ).render(),
        )
        return
    answer(found, as_json, lambda d: "\n".join(found.lines))
