"""Pretrained bases: one file and one line each. Any other name is a folder or a hub id."""

from mesocosm.core.errors import Failure
from mesocosm.learning.base_models.base import Base, resolve
from mesocosm.learning.base_models.minilm import MiniLM
from mesocosm.learning.base_models.smollm2 import SmolLM2

BASES: dict[str, type[MiniLM] | type[SmolLM2]] = {"minilm": MiniLM, "smollm2": SmolLM2}


def here(name: str) -> bool:
    """Whether a base of ours is installed."""
    try:
        return BASES[name].folder().is_dir()
    except Failure:
        return False


def readers() -> list[str]:
    """Bases of ours that read and are installed."""
    return [name for name, base in BASES.items() if not base.writes and here(name)]


__all__ = ["BASES", "Base", "here", "readers", "resolve"]
