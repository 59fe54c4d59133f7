"""Files that only their owner reads: what a store holds is private, whatever the umask of the
shell.

Knows POSIX modes. Where a file system keeps none, nothing is changed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OTHERS = 0o077  # the mode bits of group and others


def owned_folder(folder: Path) -> None:
    """Make a folder that only its owner enters, mode 0700; one that exists gets that mode."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _close(folder)


def owned_file(path: Path) -> None:
    """Create a file of mode 0600 where there is none, so that what opens it later does not choose
    its mode.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    _close(path)


def close_to_others(folder: Path) -> int:
    """Take the rights of group and others from everything below a folder and from itself; returns
    how many entries changed.

    Links are not followed; what belongs to another user is left.
    """
    changed = int(_close(folder))
    for root, folders, files in os.walk(folder):
        changed += sum(_close(Path(root, name)) for name in (*folders, *files))
    return changed


@contextmanager
def owner_only() -> Iterator[None]:
    """Files and folders made in the block, also by processes it starts, are their owner's alone
    (umask 077).
    """
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def _close(path: Path) -> bool:
    with suppress(OSError):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)
            return True
    return False
