"""`mesocosm data rollback`: an old version of a dataset the newest again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.data import DatasetRollback


@report_failures
def rollback(
    dataset: Annotated[str, typer.Argument(help="A dataset.")],
    file: File = Path("ecosystem.yaml"),
    to: Annotated[
        str, typer.Option(help="A version by number, id, or the time it stood.")
    ] = "previous",
    why: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Make an old version of DATASET the newest again."""
    answer(open_project(file).data.rollback(dataset, to, why), as_json, _text)


def _text(data: DatasetRollback) -> str:
    line = Message(
        "cli.data_rolled_back",
        dataset=data.dataset,
        before=data.before,
        to=data.to,
        version=data.is_version,
    ).render()
    if data.models:
        line += Message("cli.data_rollback_models", models=tuple(data.models)).render()
    return line
