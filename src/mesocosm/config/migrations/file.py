"""A file of an earlier grammar rewritten in place, with a backup first."""

from __future__ import annotations

from pathlib import Path

from mesocosm.config.migrations.rename import GRAMMAR, Change, rewrite_text
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import write_bytes
from mesocosm.core.messages import Message
from mesocosm.core.records import Json


def migrate_file(file: Path, write: bool = True) -> dict[str, Json]:
    """Rewrite a file in the words of the grammar of now.

    The file's line ends, comments, quotes and order stay. A backup is written first, under a name
    that is free.

    Args:
        write: whether anything is written.

    Returns:
        `file`, `grammar`, `changes` (line, old, new, in the file's order) and `backup`, the name of
        the file as it was, or None where nothing was written.

    Raises:
        MesocosmError: the file cannot be read or written as utf-8.
        ConfigError: the file is no YAML map.
    """
    before = file.read_bytes()
    try:
        text = before.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MesocosmError(Message("config.named_file_not_utf8", name=file.name)) from error
    mark = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    rewritten, changes = rewrite_text(text, file.name)
    backup = None
    if changes and write:
        backup = _free_name(file)
        write_bytes(backup, before)
        write_bytes(file, mark + rewritten.encode("utf-8"))
    return {
        "file": file.name,
        "grammar": GRAMMAR,
        "changes": [{"line": place.line, **_words(change)} for place, change in changes],
        "backup": backup.name if backup else None,
    }


def _words(change: Change) -> dict[str, str]:
    key = "grammar: " if change.path == ("grammar",) else ""
    return {"old": key + change.old, "new": key + change.new}


def _free_name(file: Path) -> Path:
    """A name beside the file that nothing has: `ecosystem.yaml.bak`, `ecosystem.yaml.bak2`, ..."""
    backup = file.with_name(f"{file.name}.bak")
    number = 2
    while backup.exists():
        backup = file.with_name(f"{file.name}.bak{number}")
        number += 1
    return backup
