"""A version's folder, as every task loads it. Knows its fingerprint and its card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mesocosm.core.errors import MesocosmError
from mesocosm.core.hashing import digest_folder


def read_card(folder: Path, content: str) -> dict[str, Any]:
    """The card of the version in a folder of the fingerprint `content`.

    Raises:
        MesocosmError: a file of the version was changed or lost.
    """
    if not folder.is_dir() or digest_folder(folder) != content:
        raise MesocosmError(
            f"the files of version '{folder.name}' are not those that were made; run 'mesocosm"
            " build'"
        )
    card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card
