"""What a world and its places are made of. Knows settings, no geometry."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mesocosm.core.settings import Settings
from mesocosm.world.elements import ElementSetting

Section = Literal["sources", "datasets", "models", "services", "monitors", "places"]
ROWS, ENDPOINT = "rows", "endpoint"  # who words an inhabitant's answers, where no causal base does


class Inhabitant(Settings):
    """Who stands at a place and speaks.

    Args:
        name: what people call them.
        language_model: `rows`, which gives the found answer as its row has it; a causal base, such
            as smollm2, or `endpoint` (the file's `language`), which words it. A wording is given
            only where every sentence of it is grounded in the row, else the row is.
        knowledge: the dataset or source of questions and answers they know.
    """

    short: ClassVar[str] = "name"
    name: str = Field(min_length=1, max_length=40)
    language_model: str = ROWS
    knowledge: str | None = None


class WorldPlace(Settings):
    """A place people enter.

    Args:
        service: the service it stands for.
        as: what it looks like.
        inhabitant: who speaks there.
    """

    service: str
    form: Literal["counter", "desk", "market", "shop", "clinic"] = Field("counter", alias="as")
    inhabitant: Inhabitant | None = None


class World(Settings):
    """The world of an ecosystem.

    Args:
        style: the look, in words, English or Chinese: a light (dawn, noon, dusk, night) and a
            landscape (valley, alpine, coast, desert, garden, lowland); it never changes where
            things stand.
        seed: another seed gives another layout of the valley.
        places: the places in it.
        models: a glTF file (`.glb`, in metres, its foot at the origin) for the body of a kind of
            element; what shows its state is drawn in any case.
        elements: what shows the resources of a section instead of the section's own element; kinds
            come from plugins.
    """

    style: str = Field("a river valley at dawn", max_length=400)
    seed: int = Field(7, ge=0)
    places: dict[str, WorldPlace] = {}
    models: dict[str, str] = {}
    elements: dict[Section, ElementSetting] = {}
