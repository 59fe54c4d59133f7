"""Results of checks, kept by the content that was checked, so that a plan of what has not changed
does not read it again.

Knows fingerprints and files. Keeps sentences that hold no value of a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from mesocosm.core.confidential.owner_files import owner_only
from mesocosm.core.files import write_json
from mesocosm.core.hashing import digest
from mesocosm.core.version import VERSION


def locate_result(store: Path, about: Sequence[object]) -> Path:
    """The file of the result of a check.

    Args:
        store: the folder `.mesocosm`.
        about: what the result depends on.
    """
    return store / "seen" / f"{digest(VERSION, *about)}.json"


def keep_result(file: Path, result: list[str]) -> None:
    """Keep the result of a check; where nothing can be written, it is repeated."""
    with suppress(OSError), owner_only():
        write_json(file, result)


def run_once(store: Path, about: Sequence[object], look: Callable[[], list[str]]) -> list[str]:
    """The result of a check, or the one that was kept for the same content.

    Args:
        store: the folder `.mesocosm`.
        about: what the result depends on; where a part of it is None, the check is made and nothing
            is kept.
        look: makes the check; its sentences.
    """
    if None in about:
        return look()
    file = locate_result(store, about)
    kept = _read_result(file)
    if kept is not None:
        return kept
    result = look()
    keep_result(file, result)
    return result


def _read_result(file: Path) -> list[str] | None:
    """The result that was kept; None where there is none that can be read."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if isinstance(kept, list) and all(isinstance(sentence, str) for sentence in kept):
        return kept
    return None
