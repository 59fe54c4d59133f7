"""`mesocosm migrate`: a file of an earlier grammar in the words of this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, report_failures

if TYPE_CHECKING:
    from mesocosm.api.results.project import Migration


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


def _text(data: Migration) -> str:
    catalog = []
    if data.schema:
        catalog.append(f"The catalog has schema version {data.schema}.")
    if not data.changes:
        return "\n".join([f"{data.file} is in grammar {data.grammar} already.", *catalog])
    lines = [f"{data.file}:{change.line}: {change.old} -> {change.new}" for change in data.changes]
    return "\n".join([*lines, _summarise(len(lines), data.backup), *catalog])


def _summarise(words: int, backup: str | None) -> str:
    """How many words were or would be rewritten."""
    count = f"{words} words"
    if words == 1:
        count = "1 word"
    if backup:
        return f"{count} rewritten; the file as it was is {backup}."
    return f"{count} would be rewritten; nothing was written."
