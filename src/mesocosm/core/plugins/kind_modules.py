"""A table of classes by name whose modules are imported when a name is looked up.

Knows modules. A file names few kinds of many, and the class of a kind takes milliseconds to make.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

Kind = TypeVar("Kind")


class KindModules(Mapping[str, type[Kind]], Generic[Kind]):
    """Classes by the names of kinds.

    Args:
        base: the class that all are derived from.
        places: by the name of each kind, its module and class, as `package.module:Class`.
    """

    def __init__(self, base: type[Kind], places: Mapping[str, str]) -> None:
        self.base, self.places = base, dict(places)
        self.classes: dict[str, type[Kind]] = {}

    def __getitem__(self, name: str) -> type[Kind]:
        if name not in self.classes:
            module, _, kind = self.places[name].partition(":")
            self.classes[name] = cast("type[Kind]", getattr(import_module(module), kind))
        return self.classes[name]

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)
