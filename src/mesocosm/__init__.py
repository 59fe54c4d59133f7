"""Mesocosm: one file describes an AI ecosystem; this makes it true and keeps it true."""

from __future__ import annotations

from typing import Any

from mesocosm.base.version import VERSION

__version__ = VERSION


def open(path: str = ".") -> Any:
    """Open an ecosystem by its file or folder."""
    from mesocosm.ecosystem import open_ecosystem

    return open_ecosystem(path)
