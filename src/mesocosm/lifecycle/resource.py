"""A resource, its two fingerprints, and the sign of a change. Knows fingerprints; does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mesocosm.core.errors import Place
from mesocosm.core.hashing import digest


class Fingerprints(NamedTuple):
    """`build` changes when the resource must be rebuilt, `runtime` when it is only run or named
    otherwise.
    """

    build: str
    runtime: str


@dataclass(frozen=True)
class Resource:
    """A named part of the file.

    Args:
        address: its section and name, such as `models.risk`.
        place: where it is in the file.
        needs: the addresses that it depends on.
        made_by: the settings that it is built from, without defaults.
        run_by: the settings that only change how it runs, without defaults.
        recipe: all settings of a dataset, defaults among them, as its snapshots keep them.
    """

    address: str
    place: Place
    needs: tuple[str, ...]
    made_by: Mapping[str, object]
    run_by: Mapping[str, object]
    recipe: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last word of the address."""
        return self.address.split(".", 1)[-1]

    @property
    def section(self) -> str:
        """The first word of the address."""
        return self.address.split(".", 1)[0]

    def fingerprint(self, known: Mapping[str, Fingerprints]) -> Fingerprints:
        """The fingerprints, given those of what it needs."""
        needed = [known[need].build for need in self.needs]
        return Fingerprints(digest(self.made_by, needed), digest(self.run_by))


def action_for(old: Fingerprints | None, new: Fingerprints | None) -> str:
    """The sign of the action that leads from old to new fingerprints (see `ACTIONS`).

    >>> action_for(Fingerprints("a", "b"), Fingerprints("a", "c"))
    '~'
    """
    if old is None:
        return "+"
    if new is None:
        return "-"
    if old.build != new.build:
        return "±"
    if old.runtime != new.runtime:
        return "~"
    return "="


ACTIONS = {"+": "create", "±": "rebuild", "~": "change", "=": "keep", "-": "remove"}
