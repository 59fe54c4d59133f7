"""`mesocosm data backup`: the file and the store as one archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.data import Backup


@report_failures
def backup(
    archive: Annotated[Path, typer.Argument(help="The archive to write, as store.tar.gz.")],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Write ecosystem.yaml and its store (catalog, snapshots, versions, keys) to one archive."""
    from mesocosm.api.verbs.files import backup as write_archive

    answer(write_archive(archive, file), as_json, _text)


def _text(data: Backup) -> str:
    return Message(
        "cli.backup_written", archive=data.archive, files=data.files, megabytes=data.bytes / 1e6
    ).render()
