"""Kinds of element: one file and one line each, by the section of the file they show."""

from mesocosm.world.elements.counter import counter
from mesocosm.world.elements.lake import lake
from mesocosm.world.elements.lighthouse import lighthouse
from mesocosm.world.elements.spring import spring
from mesocosm.world.elements.tree import tree
from mesocosm.world.elements.vane import vane

ELEMENTS = {
    "sources": spring,
    "datasets": lake,
    "models": tree,
    "services": lighthouse,
    "monitors": vane,
    "places": counter,
}
