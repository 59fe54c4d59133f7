"""What the world shows of services, its inhabitants, and its own 3D models. Knows the grammar's
objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from mesocosm.config.checks.names import check_reference
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message, combine
from mesocosm.world.elements import ELEMENTS
from mesocosm.world.settings import ENDPOINT, ROWS


def check_world(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in the world that does not fit together."""
    for name, place in eco.world.places.items():
        at = ("world", "places", name)
        yield from check_reference(eco, (*at, "service"), place.service, "services")
        if not place.inhabitant:
            continue
        yield from _check_speaker(
            eco, (*at, "inhabitant", "language_model"), place.inhabitant.language_model
        )
        if knowledge := place.inhabitant.knowledge:
            path = (*at, "inhabitant", "knowledge")
            yield from check_reference(eco, path, knowledge, "datasets", "sources")
    for kind, file in eco.world.models.items():
        yield from _check_model_file(kind, file)
    for section, element in eco.world.elements.items():
        if section not in element.sections:
            found = Message("config.element_shows_no", type=element.type, section=section)
            expected = Message(
                "config.element_for", sections=combine("core.either", element.sections)
            )
            yield fault(("world", "elements", section), found, expected)


def _check_speaker(eco: Ecosystem, path: Path, word: str) -> Iterator[Fault]:
    """What is invalid in the language model that is to word an inhabitant's answers."""
    if word == ROWS or "/" in word or word.startswith("."):
        return  # a folder or a hub's name is looked up when it is needed
    if word == ENDPOINT:
        if not eco.language:
            expected = Message("config.set_language")
            yield fault(path, Message("config.no_language_model"), expected)
        return
    from mesocosm.learning.base_models import BASES

    speakers = [ROWS, ENDPOINT, *(name for name, base in BASES.items() if base.writes)]
    if word not in BASES:
        found = Message("config.unknown_model", name=word[:60])
        yield fault(path, found, Message("config.one_of_choices"), speakers, word)
    elif not BASES[word].writes:
        yield fault(
            path,
            Message("config.model_generates_no_text", name=word),
            Message("config.one_of_choices"),
            speakers,
        )


def _check_model_file(kind: str, file: str) -> Iterator[Fault]:
    path = ("world", "models", kind)
    kinds = sorted({kind for kind, _ in ELEMENTS.values()})
    if kind not in kinds:
        yield fault(
            path,
            Message("config.no_element", kind=kind),
            Message("config.one_of_choices"),
            kinds,
            kind,
        )
    pure = PurePath(file)
    if not file.lower().endswith(".glb") or pure.is_absolute() or ".." in pure.parts:
        yield fault(path, Message("config.got_value", value=file[:60]), Message("config.glb_file"))
