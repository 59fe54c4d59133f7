"""References between named resources, and what fields and rules require of each other.

Knows which check is for which section. Each check yields a path and what is invalid there.
"""

from __future__ import annotations

from collections.abc import Iterator
from os.path import isabs, normpath

from mesocosm.config.checks.chains import check_chains
from mesocosm.config.checks.datasets import check_datasets
from mesocosm.config.checks.models.model import check_models
from mesocosm.config.checks.names import check_names
from mesocosm.config.checks.other_tools import check_words
from mesocosm.config.checks.services import check_services
from mesocosm.config.checks.world import check_world
from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, fault
from mesocosm.core.messages import Message


def check_references(eco: Ecosystem) -> Iterator[Fault]:
    """Every setting that does not fit another, in no order."""
    yield from check_names(eco)
    yield from _check_paths(eco)
    yield from check_datasets(eco)
    yield from check_chains(eco)
    yield from check_models(eco)
    yield from check_services(eco)
    yield from check_world(eco)
    yield from check_words(eco)


def _check_paths(eco: Ecosystem) -> Iterator[Fault]:
    """Paths that leave the project's folder, whatever lies there."""
    paths = [
        (("sources", name, "path"), getattr(source, "path", None))
        for name, source in eco.sources.items()
    ]
    paths += [(("world", "models", kind), path) for kind, path in eco.world.models.items()]
    for where, path in paths:
        if not isinstance(path, str) or "://" in path:
            continue
        normal = normpath(path)
        if isabs(normal) or normal == ".." or normal.startswith("../"):
            found = Message("config.path_outside", path=path[:80])
            yield fault(where, found, Message("config.path_inside"))
