"""Names: each is used once in the file, and a word that names another thing names one of its kind.
Knows the grammar's sections.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesocosm.config.schema import SECTIONS, Ecosystem
from mesocosm.core.errors import ConfigValueError

Fault = tuple[tuple[Any, ...], ConfigValueError]


def check_names(eco: Ecosystem) -> Iterator[Fault]:
    """Names that are used twice."""
    seen: dict[str, str] = {}
    for section in SECTIONS:
        for name in getattr(eco, section):
            if name in seen:
                yield (
                    (section, name),
                    ConfigValueError(
                        "",
                        f"the name '{name}' is taken by {seen[name]}.{name}",
                        "a name used once in the file",
                    ),
                )
            seen.setdefault(name, section)


def edge(eco: Ecosystem, path: tuple[Any, ...], word: str, *sections: str) -> Iterator[Fault]:
    """A fault where a word names nothing of the sections that it may name."""
    choices = sorted(n for s in sections for n in getattr(eco, s))
    if word in choices:
        return
    other = next((s for s in SECTIONS if word in getattr(eco, s)), None)
    kinds = " or a ".join(s[:-1] for s in sections)
    found = f"'{word}' is a {other[:-1]}" if other else f"no {kinds} is named '{word}'"
    yield path, ConfigValueError("", found, f"a {kinds}" if other else "", choices, word)
