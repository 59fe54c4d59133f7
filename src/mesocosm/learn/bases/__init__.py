"""Pretrained bases: one file and one line each. Any other name is a folder or a hub id."""

from mesocosm.learn.bases.base import Base, resolve
from mesocosm.learn.bases.minilm import MiniLM
from mesocosm.learn.bases.smollm2 import SmolLM2

BASES: dict[str, type[MiniLM] | type[SmolLM2]] = {"minilm": MiniLM, "smollm2": SmolLM2}

__all__ = ["BASES", "Base", "resolve"]
