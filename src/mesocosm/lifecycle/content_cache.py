"""What an earlier look at the same content found, so that a plan of what has not changed does not
read it again.

Knows digests and files. Keeps sentences that hold no value of a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mesocosm.core.confidential.owner_files import owner_only
from mesocosm.core.files import write_json
from mesocosm.core.hashing import digest
from mesocosm.core.version import VERSION


def locate_result(store: Path, about: list[Any]) -> Path:
    """The file that says that this was looked at."""
    return store / "seen" / f"{digest(VERSION, *about)}.json"


def keep_result(file: Path, found: list[str]) -> None:
    """Keep what a look found; where nothing can be written, it is looked at again."""
    with suppress(OSError), owner_only():
        write_json(file, found)


def run_once(store: Path, about: list[Any], look: Callable[[], list[str]]) -> list[str]:
    """What `look` finds, or found when it was last asked about the same.

    Args:
        about: what the answer depends on; where a part of it is None, the look is taken anew and
            nothing is kept.
    """
    if None in about:
        return look()
    file = locate_result(store, about)
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(kept, list) and all(isinstance(one, str) for one in kept):
            return kept
    except (OSError, ValueError):
        pass
    found = look()
    keep_result(file, found)
    return found
