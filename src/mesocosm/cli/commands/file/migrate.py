"""`mesocosm migrate`: a file of an earlier grammar in the words of this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.file import Migration


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
        catalog.append(Message("cli.migrate.catalog", version=data.schema).render())
    if not data.changes:
        return "\n".join(
            [
                Message("cli.migrate.already", file=data.file, grammar=data.grammar).render(),
                *catalog,
            ]
        )
    lines = [f"{data.file}:{change.line}: {change.old} -> {change.new}" for change in data.changes]
    return "\n".join([*lines, _summarise(len(lines), data.backup), *catalog])


def _summarise(words: int, backup: str | None) -> str:
    """How many words were or would be rewritten."""
    count = Message("cli.migrate.words", number=words)
    if words == 1:
        count = Message("cli.migrate.word")
    if backup:
        return Message("cli.migrate.rewritten", words=count, backup=backup).render()
    return Message("cli.migrate.would", words=count).render()
