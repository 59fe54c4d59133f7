"""Names: each is used once in the file, and a word that refers to another resource refers to one of
the right section. Knows the grammar's sections.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.schema import SECTIONS, Ecosystem
from mesocosm.core.faults import Fault, Path, fault


def check_names(eco: Ecosystem) -> Iterator[Fault]:
    """Names that are used twice."""
    seen: dict[str, str] = {}
    for section in SECTIONS:
        for name in getattr(eco, section):
            if name in seen:
                found = f"the name '{name}' is taken by {seen[name]}.{name}"
                yield fault((section, name), found, "a name used once in the file")
            seen.setdefault(name, section)


def check_reference(eco: Ecosystem, path: Path, word: str, *sections: str) -> Iterator[Fault]:
    """A fault where a word is not a name of the sections that it may refer to."""
    choices: list[str] = []
    for section in sections:
        choices += getattr(eco, section)
    if word in choices:
        return
    kinds = " or a ".join(section[:-1] for section in sections)
    for section in SECTIONS:
        if word in getattr(eco, section):
            found = f"'{word}' is a {section[:-1]}"
            yield fault(path, found, f"a {kinds}", sorted(choices), word)
            return
    yield fault(path, f"no {kinds} is named '{word}'", "", sorted(choices), word)
