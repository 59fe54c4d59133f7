"""Kinds of element: one file and one line each, by the section of the file they show; the kind is
its name on the page. Plugins add others, which the file's `world.elements` names.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message, Text
from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import one_of
from mesocosm.world.elements.counter import counter
from mesocosm.world.elements.element_kind import ElementKind
from mesocosm.world.elements.lake import lake
from mesocosm.world.elements.lighthouse import lighthouse
from mesocosm.world.elements.spring import spring
from mesocosm.world.elements.tree import tree
from mesocosm.world.elements.vane import vane
from mesocosm.world.elements.view import View

Show = Callable[[str, Mapping[str, object], View], dict[str, object]]
"""What a resource shows, by its name and its settings."""

ELEMENTS: dict[str, tuple[str, Show]] = {
    "sources": ("spring", spring),
    "datasets": ("lake", lake),
    "models": ("tree", tree),
    "services": ("lighthouse", lighthouse),
    "monitors": ("vane", vane),
    "places": ("counter", counter),
}


def _find_fault(kind: type[ElementKind]) -> tuple[Text, Text] | None:
    sections: tuple[str, ...] = getattr(kind, "sections", ())
    body: object = getattr(kind, "body", None)
    bodies = [body for body, _ in ELEMENTS.values()]
    if body not in bodies:
        return Message("world.body_of", kind=kind.__name__, body=repr(body)), Message(
            "world.one_of", names=", ".join(bodies)
        )
    if not sections or not set(sections) <= set(ELEMENTS):
        return Message("world.sections_of", kind=kind.__name__, sections=repr(sections)), Message(
            "world.some_of", names=", ".join(ELEMENTS)
        )
    return None


BUILT_IN: dict[str, type[ElementKind]] = {}
ELEMENT_KINDS = Kinds("elements", BUILT_IN, ElementKind, "type", ("show",), _find_fault)

if TYPE_CHECKING:
    ElementSetting = ElementKind
else:
    ElementSetting = one_of(ELEMENT_KINDS, "type")
