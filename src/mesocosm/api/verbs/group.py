"""What the groups of verbs share: the ecosystem that they belong to, and names that are checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import write_bytes
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from pathlib import Path

    from mesocosm.api.ecosystem import Ecosystem


class VerbGroup:
    """A group of verbs of one ecosystem."""

    def __init__(self, eco: Ecosystem) -> None:
        self._eco = eco

    def __repr__(self) -> str:
        """The names of its verbs."""
        verbs = [name for name in dir(type(self)) if not name.startswith("_")]
        return f"<{type(self).__name__}: {', '.join(verbs)}>"


def require_name(unknown: Message, name: str, choices: Iterable[str]) -> None:
    """Refuse a name that is not one of the choices; `unknown` says so.

    Raises:
        ConfigValueError: with the nearest of them.
    """
    known = list(choices)
    if name not in known:
        raise ConfigValueError(
            "",
            unknown,
            Message("api.one_of_choices"),
            known,
            name,
        )


def write_page(path: Path, text: str) -> None:
    """Write a text whole or not at all."""
    write_bytes(path, text.encode("utf-8"))
