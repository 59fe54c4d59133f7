"""`mesocosm service promote`: deploy the version of a rollout now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import ConfigValueError


@report_failures
def promote(
    service: str,
    file: File = Path("ecosystem.yaml"),
    why: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """End the rollout of SERVICE by promoting its new version; 'mesocosm rollback' ends it the
    other way.
    """
    from mesocosm.serving.rollout.transitions import promote as promote_version

    eco = open_project(file)
    if service not in eco.spec.eco.services:
        raise ConfigValueError(
            "",
            f"no service is named '{service}'",
            "one of the choices",
            list(eco.spec.eco.services),
            service,
        )
    answer(
        promote_version(eco.catalog, service, "command line", why),
        as_json,
        lambda d: f"{d['service']}: {d['from']} -> {d['to']}",
    )
