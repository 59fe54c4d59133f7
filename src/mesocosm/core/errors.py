"""Errors are data first: a finding says where, which key, what stands there and what would be
right.

Knows words and places. Knows nothing of YAML, of pydantic or of any room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import NamedTuple

from mesocosm.core.confidential.secret_values import masked, masked_all


class Place(NamedTuple):
    """Where something stands in the file; line and column count from 1, 0 where there is none."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice spelt most like `word`, or None.

    >>> nearest("lorra", ["frozen", "lora"])
    'lora'
    >>> nearest("alarm", ["alert"]), nearest("income", ["note"])
    ('alert', None)
    """
    said, known = str(word).casefold(), {c.casefold(): c for c in choices}
    sure = get_close_matches(said, known, n=1, cutoff=0.7)
    near = sure or [
        c for c in get_close_matches(said, known, n=3, cutoff=0.6) if c[:1] == said[:1]
    ]  # less alike, they begin alike
    return known[near[0]] if near else None


@dataclass(frozen=True)
class Finding:
    """One thing that is not right: `text` prints it, `as_json` keeps it as data."""

    place: Place
    key: str
    found: str
    wanted: str
    choices: tuple[str, ...] = ()
    near: str | None = None

    def text(self) -> str:
        """The sentence: place, key, what was found, what would be right, the nearest name."""
        key = f"{self.key}: " if self.key else ""
        said = f"{self.place}  {key}{self.found}{'; wanted ' + self.wanted if self.wanted else ''}."
        if self.choices:
            said += f" Choices: {', '.join(self.choices)}."
        return masked(said + (f" Did you mean '{self.near}'?" if self.near else ""))

    def as_json(self) -> dict[str, object]:
        """The finding as JSON-ready data."""
        data = asdict(self)
        data["place"] = {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
        }
        return {key: masked_all(value) for key, value in data.items()}


class Failure(Exception):
    """Something could not be done; the message is a sentence a user reads as it stands. Values of
    the environment are shown by their names.
    """

    def __init__(self, *said: object) -> None:
        super().__init__(*(masked(one) if isinstance(one, str) else one for one in said))


class Wrong(Failure):
    """A value a room was given cannot be right.

    Args:
        key: the setting within its resource, as `tune.rank`; may be empty.
        found: what stands there, in words.
        wanted: what would be right, in words.
        choices: names that would be allowed.
        word: the word to seek the nearest choice for.

    `of` is the address of the resource that the setting is of (`sources.loans`), where it is
    another than the one that is made.
    """

    of = ""

    def __init__(
        self, key: str, found: str, wanted: str = "", choices: Sequence[str] = (), word: str = ""
    ) -> None:
        self.key, self.found, self.wanted, self.choices = (
            key,
            masked(found),
            masked(wanted),
            tuple(map(masked, choices)),
        )
        self.near = nearest(word, choices) if word else None
        super().__init__(self.at(Place("")).text().strip())

    def at(self, place: Place, address: str = "") -> Finding:
        """The same as a finding, at a place of the file, its key under the resource's address."""
        key = ".".join(part for part in (address, self.key) if part)
        return Finding(place, key, self.found, self.wanted, self.choices, self.near)


@contextmanager
def belonging_to(address: str) -> Iterator[None]:
    """Report an invalid setting at its own resource: what a dataset finds wrong with a source is
    reported at the source.
    """
    try:
        yield
    except Wrong as wrong:
        wrong.of = wrong.of or address
        raise


class Later(Failure):
    """Not now: trying again may do (a server that does not answer yet)."""


class Invalid(Failure):
    """The file has findings; nothing was changed."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)
        super().__init__("\n".join(f.text() for f in self.findings))
