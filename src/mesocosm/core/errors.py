"""Errors are data first: a finding names the place, the key, the problem and what was expected.

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
    spelling = str(word).casefold()
    known = {choice.casefold(): choice for choice in choices}
    alike = get_close_matches(spelling, known, n=1, cutoff=0.7)
    if not alike:  # words that are less alike must at least begin with the same letter
        candidates = get_close_matches(spelling, known, n=3, cutoff=0.6)
        alike = [word for word in candidates if word[:1] == spelling[:1]]
    if not alike:
        return None
    return known[alike[0]]


@dataclass(frozen=True)
class Finding:
    """One problem of the file: `text` prints it, `as_json` keeps it as data.

    Args:
        place: file, line and column.
        key: the setting's path in the file, as `models.risk.base`.
        found: the problem, in words.
        expected: what would be valid, in words; may be empty.
        choices: names that would be valid.
        near: the choice that is spelt most like what the file has.
    """

    place: Place
    key: str
    found: str
    expected: str
    choices: tuple[str, ...] = ()
    near: str | None = None

    def text(self) -> str:
        """The sentence: place, key, problem, what was expected, the nearest name."""
        problem = self.found
        if self.key:
            problem = f"{self.key}: {problem}"
        if self.expected:
            problem += f"; expected {self.expected}"
        sentences = [f"{self.place}  {problem}."]
        if self.choices:
            sentences.append(f"Choices: {', '.join(self.choices)}.")
        if self.near:
            sentences.append(f"Did you mean '{self.near}'?")
        return masked(" ".join(sentences))

    def as_json(self) -> dict[str, object]:
        """The finding as JSON-ready data."""
        data = asdict(self)
        data["place"] = {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
        }
        data["wanted"] = data.pop("expected")  # the key that readers of the JSON know
        return {key: masked_all(value) for key, value in data.items()}


class MesocosmError(Exception):
    """Something failed; the message is a sentence that a user reads unchanged. Values of the
    environment are shown by their names.
    """

    def __init__(self, *parts: object) -> None:
        super().__init__(*(masked(part) if isinstance(part, str) else part for part in parts))


class ConfigValueError(MesocosmError):
    """A value of a setting is invalid.

    Args:
        key: the setting within its resource, as `fine_tune.rank`; may be empty.
        found: the problem, in words.
        expected: what would be valid, in words.
        choices: names that would be valid.
        word: the word to seek the nearest choice for.

    `of` is the address of the resource that the setting belongs to (`sources.loans`), where it is
    another than the one that is being built.
    """

    of = ""

    def __init__(
        self, key: str, found: str, expected: str = "", choices: Sequence[str] = (), word: str = ""
    ) -> None:
        self.key = key
        self.found = masked(found)
        self.expected = masked(expected)
        self.choices = tuple(map(masked, choices))
        self.near = nearest(word, choices) if word else None
        super().__init__(self.at(Place("")).text().strip())

    def at(self, place: Place, address: str = "") -> Finding:
        """The same as a finding, at a place of the file, its key under the resource's address."""
        key = ".".join(part for part in (address, self.key) if part)
        return Finding(place, key, self.found, self.expected, self.choices, self.near)


@contextmanager
def belonging_to(address: str) -> Iterator[None]:
    """Report an invalid setting at its own resource: what a dataset finds wrong with a source is
    reported at the source.
    """
    try:
        yield
    except ConfigValueError as wrong:
        wrong.of = wrong.of or address
        raise


class RetryableError(MesocosmError):
    """A failure that may pass, such as a server that does not answer yet: the step is retried."""


class ConfigError(MesocosmError):
    """The file is invalid; nothing was changed. `findings` has every problem of it."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)
        super().__init__("\n".join(f.text() for f in self.findings))
