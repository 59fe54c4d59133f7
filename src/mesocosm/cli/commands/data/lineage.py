"""`mesocosm data lineage`: where snapshots and model versions came from, as OpenLineage events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import MesocosmError


@report_failures
def lineage(
    file: File = Path("ecosystem.yaml"),
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the events to a file, one a line.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give the lineage of everything that was built as OpenLineage events, column by column."""
    import json

    from mesocosm.reports.openlineage import build_events

    eco = open_project(file)
    found = list(build_events(eco.spec, eco.catalog))
    if not found:
        raise MesocosmError("nothing was built yet; run 'mesocosm build'")
    if out:
        from mesocosm.core.files import aside_name

        aside = out.with_name(aside_name(out))
        aside.write_text("\n".join(found) + "\n", encoding="utf-8")
        aside.replace(out)
        answer(
            {"written": str(out), "events": len(found)},
            as_json,
            lambda d: f"{d['events']} events written to {d['written']}.",
        )
        return
    answer({"events": [json.loads(e) for e in found]}, as_json, lambda d: "\n".join(found))
