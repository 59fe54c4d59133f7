"""Files written whole or not at all, and paths that stay inside the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message


def inside(root: Path, path: str, key: str = "path") -> Path:
    """`path` under `root`, links resolved.

    Raises:
        ConfigValueError: the path leaves the project.
    """
    whole = (root / path).resolve()
    if not whole.is_relative_to(root.resolve()):
        raise ConfigValueError(
            key, Message("core.path_outside", path=path), Message("core.path_inside")
        )
    return whole


def aside_name(path: Path) -> str:
    """A name to write `path` under until it is complete."""
    return f".aside-{path.name}-{uuid.uuid4().hex[:8]}"


UNSAFE = re.compile(r"[*?\[\]|^\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}" + ("" if os.sep == "\\" else r"|\\"))
UNSAFE_PARTS = "* ? [ ] | ^ \\, control characters and %xx"


def unsafe_part(folder: Path) -> str:
    """What of a folder's path, links followed, readers of tables take for a pattern or an escape;
    empty where there is nothing.

    >>> unsafe_part(Path("/a b/信用 #1")), unsafe_part(Path("/a%20b")), unsafe_part(Path("/[2026]"))
    ('', '%20', '[')
    """
    found = UNSAFE.search(os.path.realpath(folder))
    return found[0] if found else ""


def write_json(path: Path, value: object) -> None:
    """Write JSON aside and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(aside_name(path))
    aside.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(aside, path)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, with the mode of the file that it replaces.

    Raises:
        OSError: the folder cannot be written.
    """
    aside = path.with_name(aside_name(path))
    aside.write_bytes(content)
    if path.exists():
        aside.chmod(path.stat().st_mode & 0o777)
    aside.replace(path)


@contextmanager
def folder_appears(target: Path, whole: str = "") -> Iterator[Path]:
    """A folder to fill; it gets the name `target` when the block ends without an error, else it is
    removed.

    What already has the name is replaced by renaming, so a reader sees one or the other.

    Args:
        target: the folder's name.
        whole: a file by which a folder is known as complete, where the name says its content: one
            that another process made in the meantime stays, since it may be read already.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(aside_name(target))
    aside.mkdir()
    try:
        yield aside
        if not (whole and (target / whole).is_file()):
            _rename_into_place(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _rename_into_place(aside: Path, target: Path) -> None:
    """Give a folder its name, whatever has it."""
    try:
        os.rename(aside, target)
    except OSError:  # a folder has the name, perhaps since a moment ago
        if not target.exists():
            raise
        old = target.with_name(aside_name(target))
        os.replace(target, old)
        os.replace(aside, target)
        shutil.rmtree(old, ignore_errors=True)


def sweep(folder: Path) -> int:
    """Remove what killed writers left aside below a folder; returns how many were removed."""
    left = list(folder.rglob(".aside-*"))
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)
