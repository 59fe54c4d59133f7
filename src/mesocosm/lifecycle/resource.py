"""A resource, its two prints, and the sign of a change. Knows prints; does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mesocosm.core.errors import Place
from mesocosm.core.hashing import digest


class Prints(NamedTuple):
    """`made` changes when the thing must be made anew, `run` when it is only run or named
    otherwise.
    """

    made: str
    run: str


@dataclass(frozen=True)
class Resource:
    """A named thing of the file."""

    address: str
    place: Place
    needs: tuple[str, ...]
    made_by: Mapping[str, Any]
    run_by: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The last word of the address."""
        return self.address.split(".", 1)[-1]

    @property
    def section(self) -> str:
        """The first word of the address."""
        return self.address.split(".", 1)[0]

    def prints(self, known: Mapping[str, Prints]) -> Prints:
        """The prints, given those of what it needs."""
        return Prints(
            digest(self.made_by, [known[n].made for n in self.needs]), digest(self.run_by)
        )


def sign(old: Prints | None, new: Prints | None) -> str:
    """`+` create, `±` make anew, `~` change in place, `=` keep, `-` remove.

    >>> sign(Prints("a", "b"), Prints("a", "c"))
    '~'
    """
    if old is None or new is None:
        return "+" if old is None else "-"
    return "±" if old.made != new.made else "~" if old.run != new.run else "="


ACTIONS = {"+": "create", "±": "make anew", "~": "change", "=": "keep", "-": "remove"}
