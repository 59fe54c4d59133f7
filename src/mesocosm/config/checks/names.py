"""Names: each is used once in the file, and a word that refers to another resource refers to one of
the right section. Knows the grammar's sections.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesocosm.config.schema import SECTIONS, Ecosystem
from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message

SECTION_NAMES = {
    "sources": "config.section.source",
    "datasets": "config.section.dataset",
    "models": "config.section.model",
    "services": "config.section.service",
    "monitors": "config.section.monitor",
}


def check_names(eco: Ecosystem) -> Iterator[Fault]:
    """Names that are used twice."""
    seen: dict[str, str] = {}
    for section in SECTIONS:
        for name in getattr(eco, section):
            if name in seen:
                found = Message("config.name_taken", name=name, section=seen[name])
                yield fault((section, name), found, Message("config.unique_name"))
            seen.setdefault(name, section)


def check_reference(eco: Ecosystem, path: Path, word: str, *sections: str) -> Iterator[Fault]:
    """A fault where a word is not a name of the sections that it may refer to."""
    choices: list[str] = []
    for section in sections:
        choices += getattr(eco, section)
    if word in choices:
        return
    kinds = _name_sections(sections)
    for section in SECTIONS:
        if word in getattr(eco, section):
            found = Message("config.is_a", word=word, kind=_name_sections([section]))
            expected = Message("config.a_kind", kinds=kinds)
            yield fault(path, found, expected, sorted(choices), word)
            return
    named = [Message(SECTION_NAMES[section]) for section in sections]
    one = named[0]
    if len(named) == 2:
        one = Message("config.one_or_other", first=named[0], second=named[1])
    found = Message("config.no_such_name", kinds=one, word=word)
    yield fault(path, found, "", sorted(choices), word)


def _name_sections(sections: Sequence[str]) -> Message:
    """What a resource of one of two sections is, as `dataset or a source`."""
    names = [Message(SECTION_NAMES[section]) for section in sections]
    if len(names) == 1:
        return names[0]
    return Message("config.either_kind", first=names[0], second=names[1])
