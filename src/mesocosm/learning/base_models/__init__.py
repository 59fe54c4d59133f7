"""Pretrained bases: one file and one line each. Any other name is a folder or a hub id."""

from mesocosm.core.errors import MesocosmError
from mesocosm.learning.base_models.base import Base, resolve
from mesocosm.learning.base_models.e5 import E5
from mesocosm.learning.base_models.minilm import MiniLM
from mesocosm.learning.base_models.smollm2 import SmolLM2

BASES: dict[str, type[MiniLM] | type[E5] | type[SmolLM2]] = {
    "minilm": MiniLM,
    "e5": E5,
    "smollm2": SmolLM2,
}


def is_installed(name: str) -> bool:
    """Whether a base that comes with Mesocosm is installed."""
    try:
        return BASES[name].folder().exists()
    except MesocosmError:
        return False


def installed_encoders() -> list[str]:
    """The encoders that come with Mesocosm and are installed."""
    return [name for name, base in BASES.items() if not base.writes and is_installed(name)]


__all__ = ["BASES", "Base", "is_installed", "installed_encoders", "resolve"]
