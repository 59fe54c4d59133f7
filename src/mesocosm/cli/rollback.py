"""`mesocosm rollback`: the version before, back in service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.base.errors import Wrong
from mesocosm.cli.common import AsJson, File, answer, guarded, opened


@guarded
def rollback(
    service: str,
    file: File = Path("ecosystem.yaml"),
    why: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Put the version that SERVICE ran before back; a running server swaps within half a second."""
    from mesocosm.build.retrain import rollback as back

    eco = opened(file)
    if service not in eco.spec.eco.services:
        raise Wrong("", f"no service is named '{service}'", "one of the choices", list(eco.spec.eco.services), service)
    answer(back(eco.catalog, service, "command line", why), as_json, lambda d: f"{d['service']}: {d['from']} -> {d['to']}")
