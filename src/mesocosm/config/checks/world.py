"""What the world shows of services, who speaks in it, and its own models of things. Knows the
grammar's objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from mesocosm.config.checks.names import Fault, edge
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError
from mesocosm.world.elements import ELEMENTS
from mesocosm.world.settings import ENDPOINT, ROWS


def _speaks(eco: Ecosystem, word: str) -> ConfigValueError | None:
    """What is wrong with who is to word an inhabitant's answers."""
    if (
        word == ROWS or "/" in word or word.startswith(".")
    ):  # a folder or a hub's name is looked for when it is wanted
        return None
    if word == ENDPOINT:
        return (
            None
            if eco.language
            else ConfigValueError(
                "",
                "the file names no language model",
                "'language' with its endpoint and model beside 'world'",
            )
        )
    from mesocosm.learning.base_models import BASES

    if word in BASES and not BASES[word].writes:
        return ConfigValueError(
            "", f"'{word}' reads and writes nothing", "one of the choices", _speakers()
        )
    return (
        None
        if word in BASES
        else ConfigValueError(
            "", f"nobody is known as '{word[:60]}'", "one of the choices", _speakers(), word
        )
    )


def _speakers() -> list[str]:
    from mesocosm.learning.base_models import BASES

    return [ROWS, ENDPOINT, *(name for name, base in BASES.items() if base.writes)]


def check_world(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in the world that does not fit together."""
    for name, place in eco.world.places.items():
        yield from edge(eco, ("world", "places", name, "shows"), place.shows, "services")
        if place.inhabitant and (fault := _speaks(eco, place.inhabitant.speaks)):
            yield ("world", "places", name, "inhabitant", "speaks"), fault
        if place.inhabitant and place.inhabitant.knows:
            yield from edge(
                eco,
                ("world", "places", name, "inhabitant", "knows"),
                place.inhabitant.knows,
                "datasets",
                "sources",
            )
    for kind, file in eco.world.models.items():
        kinds = sorted(k for k, _ in ELEMENTS.values())
        if kind not in kinds:
            yield (
                ("world", "models", kind),
                ConfigValueError(
                    "", f"no kind of thing is named '{kind}'", "one of the choices", kinds, kind
                ),
            )
        if (
            not file.lower().endswith(".glb")
            or PurePath(file).is_absolute()
            or ".." in PurePath(file).parts
        ):
            yield (
                ("world", "models", kind),
                ConfigValueError("", f"'{file[:60]}' was given", "a .glb file inside the project"),
            )
