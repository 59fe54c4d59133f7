"""Errors are data first: a finding names the place, the key, the problem and what was expected.

Knows words and places. Knows nothing of YAML, of pydantic or of any room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from mesocosm.core.confidential.secret_values import masked, masked_all
from mesocosm.core.messages import Message, Text, render
from mesocosm.core.messages.language import SOURCE, current_language


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
    """One problem of the file: `render` writes it for its reader, `as_json` keeps it as data.

    Args:
        place: file, line and column.
        key: the setting's path in the file, as `models.risk.base`.
        found: the problem, in words.
        expected: what would be valid, in words; may be empty.
        choices: names that would be valid.
        near: the choice that is spelt most like what the file has.
        hints: sentences that say where the file has what a word of another tool means.
        brief: whether `expected` or a hint has the right word: the text leaves the choices out.
    """

    place: Place
    key: str
    found: Text
    expected: Text
    choices: tuple[str, ...] = ()
    near: str | None = None
    hints: tuple[Text, ...] = ()
    brief: bool = False

    def text(self) -> str:
        """The sentence in English: place, key, problem, what was expected, the nearest name."""
        return self.render("en")

    def render(self, language: str | None = None) -> str:
        """The sentence in a language, by default the reader's."""
        problem = _problem(self.found, self.expected, self.key)
        sentences: list[Text] = [Message("core.finding", place=f"{self.place}  ", problem=problem)]
        sentences += self.hints
        if self.choices and not self.brief:
            sentences.append(Message("core.choices", choices=self.choices))
        if self.near:
            sentences.append(Message("core.did_you_mean", near=self.near))
        space = " " if (language or current_language()) == SOURCE else ""
        return masked(space.join(render(sentence, language) for sentence in sentences))

    def as_json(self) -> dict[str, object]:
        """The finding as JSON-ready data, its texts in English; `id` and `params` are those of the
        problem, `wanted_id` and `wanted_params` of what was expected.
        """
        data: dict[str, object] = {
            "place": {
                "file": self.place.file,
                "line": self.place.line,
                "column": self.place.column,
            },
            "key": self.key,
            "found": str(self.found),
            "choices": list(self.choices),
            "near": self.near,
            "wanted": str(self.expected),  # the key that readers of the JSON know
        }
        if isinstance(self.found, Message):
            data |= self.found.as_json()
        if isinstance(self.expected, Message):
            data |= {f"wanted_{key}": value for key, value in self.expected.as_json().items()}
        if self.hints:
            data["hints"] = [str(hint) for hint in self.hints]
        return {key: masked_all(value) for key, value in data.items()}


def _problem(found: Text, expected: Text, key: str = "") -> Text:
    """What is wrong and what was expected, under the key where there is one."""
    problem = found
    if key:
        problem = Message("core.keyed_problem", key=key, problem=problem)
    if expected:
        problem = Message("core.expected", problem=problem, expected=expected)
    return problem


class MesocosmError(Exception):
    """Something failed; the message is a sentence that a user reads unchanged. Values of the
    environment are shown by their names.

    Args:
        parts: the sentence, best as a `Message`.
    """

    message: Text = ""

    def __init__(self, *parts: object) -> None:
        if parts and isinstance(parts[0], (str, Message)):
            self.message = parts[0]
        super().__init__(*(_english(part) for part in parts))

    def render(self, language: str | None = None) -> str:
        """The sentence in a language, by default the reader's."""
        if (language or current_language()) == SOURCE:
            return str(self)
        return render(self.message, language) or str(self)

    def as_json(self) -> dict[str, object]:
        """The sentence in English as `error`, with its `id` and `params` where it has them."""
        data: dict[str, object] = {"error": masked(str(self))}
        if isinstance(self.message, Message):
            data |= self.message.as_json()
        return data


def text_of(error: BaseException) -> Text:
    """What an error says, as a message where it has one."""
    if isinstance(error, MesocosmError) and error.message:
        return error.message
    if error.args and isinstance(error.args[0], Message):
        return error.args[0]
    return str(error)


def _english(part: object) -> object:
    """A part of an error as `str` of the error gives it."""
    if isinstance(part, Message):
        return str(part)
    return masked(part) if isinstance(part, str) else part


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
        self,
        key: str,
        found: Text,
        expected: Text = "",
        choices: Sequence[str] = (),
        word: str = "",
    ) -> None:
        self.key = key
        self.found = _masked_text(found)
        self.expected = _masked_text(_expect_choice(expected, choices))
        self.choices = tuple(map(masked, choices))
        self.near = nearest(word, choices) if word else None
        super().__init__(self.at(Place("")).text().strip())
        self.message = _problem(self.found, self.expected, self.key)

    def render(self, language: str | None = None) -> str:
        """The sentence in a language, by default the reader's."""
        if (language or current_language()) == SOURCE:
            return str(self)
        return self.at(Place("")).render(language).strip()

    def at(self, place: Place, address: str = "") -> Finding:
        """The same as a finding, at a place of the file, its key under the resource's address."""
        key = ".".join(part for part in (address, self.key) if part)
        return Finding(place, key, self.found, self.expected, self.choices, self.near)


def _expect_choice(expected: Text, choices: Sequence[str]) -> Text:
    """What is expected; where it is one of the choices and there are none, that there is none."""
    if not choices and isinstance(expected, Message) and expected.id.endswith(".one_of_choices"):
        return Message("core.none_exists")
    return expected


def _masked_text(text: Text) -> Text:
    """A message masks itself when it is written out."""
    return masked(text) if isinstance(text, str) else text


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

    def render(self, language: str | None = None) -> str:
        """Every finding in a language, one a line, by default the reader's."""
        return "\n".join(finding.render(language) for finding in self.findings)
