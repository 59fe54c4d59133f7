"""`mesocosm migrate`: a file of an earlier grammar in the words of this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, report_failures


@report_failures
def migrate(
    file: File = Path("ecosystem.yaml"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the changes and write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rewrite ecosystem.yaml in the words of grammar 2; every other byte stays, and the file as it
    was is kept next to it. The catalog is migrated to this release's schema, with a copy first.
    """
    from mesocosm.api.verbs.files import migrate as rewrite

    answer(rewrite(file, dry_run), as_json, _text)


def _text(data: dict[str, Any]) -> str:
    schema = data.get("schema")
    catalog = [f"The catalog has schema version {schema}."] if schema else []
    if not data["changes"]:
        return "\n".join([f"{data['file']} is in grammar {data['grammar']} already.", *catalog])
    lines = [
        f"{data['file']}:{change['line']}: {change['old']} -> {change['new']}"
        for change in data["changes"]
    ]
    count = f"{len(lines)} word{'s' if len(lines) != 1 else ''}"
    if data["backup"]:
        lines.append(f"{count} rewritten; the file as it was is {data['backup']}.")
    else:
        lines.append(f"{count} would be rewritten; nothing was written.")
    return "\n".join([*lines, *catalog])
