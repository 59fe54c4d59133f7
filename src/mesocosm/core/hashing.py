"""Fingerprints: BLAKE2 over canonical JSON and over files, the same on any machine."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path

from pydantic import BaseModel


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces; models by their fields, sets sorted.

    >>> canonical({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """

    def plain(item: object) -> object:
        if isinstance(item, BaseModel):
            return item.model_dump(mode="json", by_alias=True)
        if isinstance(item, (set, frozenset)):
            return sorted(item)
        return str(item)

    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), default=plain, ensure_ascii=False
    )


def digest(*values: object, size: int = 16) -> str:
    """BLAKE2b of the values' canonical JSON, as hex of `size` bytes."""
    return blake2b(canonical(values).encode(), digest_size=size).hexdigest()


def digest_file(path: Path) -> str:
    """BLAKE2b of a file's bytes, as 32 hex digits.

    Raises:
        OSError: the file cannot be read.
    """
    state = blake2b(digest_size=16)
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def digest_folder(path: Path) -> str:
    """BLAKE2b over the relative names and fingerprints of every file below a folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file())
    return digest([(p.relative_to(path).as_posix(), digest_file(p)) for p in files])
