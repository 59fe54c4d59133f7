"""Pretrained bases: one file and one line each. Any other name is a folder or a hub id."""

from mesocosm.base.errors import Failure
from mesocosm.learn.bases.base import Base, resolve
from mesocosm.learn.bases.minilm import MiniLM
from mesocosm.learn.bases.smollm2 import SmolLM2

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
