"""Pretrained bases: one file and one line each. Any other name is a folder or a hub id."""

from mesocosm.learn.bases.base import Base, resolve
from mesocosm.learn.bases.minilm import MiniLM

BASES: dict[str, type[MiniLM]] = {"minilm": MiniLM}

__all__ = ["BASES", "Base", "resolve"]
