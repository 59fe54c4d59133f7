"""`mesocosm rollback`: the previous version of a service again; or an old version of a dataset the
newest again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened
from mesocosm.core.errors import ConfigValueError
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.access.dataset_history import restore_version


@guarded
def rollback(
    service: Annotated[str, typer.Argument(help="A service.")],
    file: File = Path("ecosystem.yaml"),
    why: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Roll SERVICE back to the version that it ran before."""
    from mesocosm.lifecycle.jobs.rollback import rollback as roll_back

    eco = opened(file)
    if name in resolve_datasets(eco.spec):
        found = restore_version(eco.spec, eco.catalog, name, to, "command line", why)
        answer(found, as_json, _dataset_text)
        return
    if name not in eco.spec.eco.services:
        choices = [*eco.spec.eco.services, *resolve_datasets(eco.spec)]
        raise ConfigValueError(
            "", f"no service or dataset is named '{name}'", "one of the choices", choices, name
        )
    answer(
        roll_back(eco.catalog, service, "command line", why),
        as_json,
        lambda d: f"{d['service']}: {d['from']} -> {d['to']}",
    )


def _dataset_text(found: dict[str, Any]) -> str:
    text = f"{found['dataset']}: {found['from']} -> {found['to']}, the rows of {found['is']}."
    if found["models"]:
        text += f" Trained on the version before, and kept: {', '.join(found['models'])}."
    return text
