"""Mesocosm: one file describes an AI ecosystem; this makes it true and keeps it true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.version import VERSION

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem

__version__ = VERSION


def open(path: str | Path = ".") -> Ecosystem:
    """Open an ecosystem by its file or folder.

    Raises:
        ConfigError: with everything that is not right about the file.
        MesocosmError: the project lies in a folder that tables cannot lie in.
    """
    from mesocosm.api.ecosystem import open_ecosystem

    return open_ecosystem(path)
