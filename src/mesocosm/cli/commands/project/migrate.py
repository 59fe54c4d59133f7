"""`mesocosm migrate`: a file of an earlier grammar in the words of this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded


@guarded
def migrate(
    file: File = Path("ecosystem.yaml"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the changes and write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rewrite ecosystem.yaml in the words of grammar 2; every other byte stays, and the file as it
    was is kept beside it.
    """
    from mesocosm.config.loader import find
    from mesocosm.config.migrations.file import migrate_file

    answer(migrate_file(find(file), write=not dry_run), as_json, _text)


def _text(data: dict[str, Any]) -> str:
    if not data["changes"]:
        return f"{data['file']} is in grammar {data['grammar']} already."
    lines = [
        f"{data['file']}:{change['line']}: {change['old']} -> {change['new']}"
        for change in data["changes"]
    ]
    count = f"{len(lines)} word{'s' if len(lines) != 1 else ''}"
    if data["backup"]:
        lines.append(f"{count} rewritten; the file as it was is {data['backup']}.")
    else:
        lines.append(f"{count} would be rewritten; nothing was written.")
    return "\n".join(lines)
