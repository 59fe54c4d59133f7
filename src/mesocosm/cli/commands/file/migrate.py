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
    was is kept next to it. The catalog is upgraded to this release's schema, with a copy first.
    """
    from mesocosm.config.loader import find_file, read
    from mesocosm.config.migrations.file import migrate_file

    path = find_file(file)
    migrated = migrate_file(path, write=not dry_run)
    if not dry_run and (path.parent / ".mesocosm").is_dir():
        from mesocosm.catalog.database.migrations import schema_version
        from mesocosm.lifecycle.project_store import open_catalog

        migrated["schema"] = schema_version(open_catalog(read(path)).engine)
    answer(migrated, as_json, _text)


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
