"""What the docstrings of settings say, in the reader's language: editors and the reference show it.

Knows docstrings with `Args:`, and the catalogue `settings`, whose ids are the English texts.
"""

from __future__ import annotations

import inspect
import re

from mesocosm.core.messages.catalogues import find_translation
from mesocosm.core.settings import Settings

ROOM = "settings"
AFTER_ABOUT = re.compile(r"^(?:Args|Attributes|Raises):|^Source:|^>>>", re.MULTILINE)


def list_paragraphs(kind: type[Settings]) -> list[str]:
    """What a kind is: the paragraphs before its settings, each on one line."""
    about = AFTER_ABOUT.split(inspect.cleandoc(kind.__doc__ or ""), maxsplit=1)[0]
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", about) if part.strip()]


def describe_keys(kind: type[Settings]) -> dict[str, str]:
    """What a kind's own docstring says of each of its settings, on one line."""
    text = inspect.cleandoc(kind.__doc__ or "").partition("Args:")[2]
    section = re.split(r"\n\S", text, maxsplit=1)[0]
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", section, re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in found}


def describe_all_keys(kind: type[Settings]) -> dict[str, str]:
    """The same, with the settings of what the kind extends."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, Settings):
            found |= describe_keys(base)
    return found


def write_about(kind: type[Settings], language: str) -> str:
    """What a kind is, on one line."""
    space = " " if language == "en" else ""
    return space.join(translate(part, language) for part in list_paragraphs(kind))


def translate(text: str, language: str) -> str:
    """A text of a docstring in a language; as it is where the catalogue lacks it."""
    return find_translation(ROOM, text, language)
