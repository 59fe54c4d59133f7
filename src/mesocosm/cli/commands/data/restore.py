"""`mesocosm data restore`: a store restored from an archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.data import Restored


@report_failures
def restore(
    archive: Annotated[Path, typer.Argument(help="An archive of 'mesocosm data backup'.")],
    file: File = Path("ecosystem.yaml"),
    replace: Annotated[
        bool, typer.Option("--replace", help="Move a store that is there aside.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a store back from an archive; an ecosystem.yaml that is there stays."""
    from mesocosm.api.verbs.files import restore as bring_back

    answer(bring_back(archive, file, replace), as_json, _text)


def _text(data: Restored) -> str:
    line = Message("cli.restored", files=data.files, release=data.release, file=data.file).render()
    if data.before:
        line += Message("cli.restored_before", before=data.before).render()
    return line
