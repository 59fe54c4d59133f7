"""Kinds of element: one file and one line each, by the section of the file they show; the kind is
its name on the page.
"""

from collections.abc import Callable
from typing import Any

from mesocosm.world.elements.counter import counter
from mesocosm.world.elements.lake import lake
from mesocosm.world.elements.lighthouse import lighthouse
from mesocosm.world.elements.spring import spring
from mesocosm.world.elements.tree import tree
from mesocosm.world.elements.vane import vane
from mesocosm.world.elements.view import View

ELEMENTS: dict[str, tuple[str, Callable[[str, Any, View], dict[str, Any]]]] = {
    "sources": ("spring", spring),
    "datasets": ("lake", lake),
    "models": ("tree", tree),
    "services": ("lighthouse", lighthouse),
    "monitors": ("vane", vane),
    "places": ("counter", counter),
}
