"""`mesocosm data restore`: a store restored from an archive."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, report_failures


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
    from mesocosm.lifecycle.access.backup import restore_backup

    target = file / "ecosystem.yaml" if file.is_dir() or not file.suffix else file
    restored, before = restore_backup(archive, target.absolute(), replace)
    answer(
        asdict(restored) | {"file": str(target), "before": str(before) if before else None},
        as_json,
        _text,
    )


def _text(data: dict[str, Any]) -> str:
    line = f"{data['files']:,} files of release {data['release']} restored beside {data['file']}."
    if data["before"]:
        line += f" The store that was there is {data['before']}."
    return line
