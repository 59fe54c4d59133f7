"""`mesocosm service rollback`: the version before, back in service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import ConfigValueError, MesocosmError


@report_failures
def rollback(
    service: Annotated[str, typer.Argument(help="A service.")],
    file: File = Path("ecosystem.yaml"),
    why: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Roll SERVICE back to the version that it ran before."""
    from mesocosm.lifecycle.jobs.rollback import rollback as roll_back

    eco = open_project(file)
    names = [*eco.spec.eco.services]
    if service in eco.spec.eco.datasets:
        raise MesocosmError(f"'{service}' is a dataset: mesocosm data rollback {service}")
    if service not in names:
        raise ConfigValueError(
            "", f"no service is named '{service}'", "one of the choices", names, service
        )
    answer(
        roll_back(eco.catalog, service, "command line", why),
        as_json,
        lambda d: f"{d['service']}: {d['from']} -> {d['to']}",
    )
