"""Messages as data: an id and parameters, written out late, in the reader's language.

Knows the catalogues (`en/*.po`, `zh/*.po`, compiled for the standard library's `gettext`). The part
of an id before its first dot names its catalogue, which is loaded with its first message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from numbers import Integral, Real
from typing import TypeAlias, Union

from mesocosm.core.confidential.secret_values import masked
from mesocosm.core.messages.catalogues import find_template
from mesocosm.core.messages.known_sentences import translate_param, translate_sentence
from mesocosm.core.messages.language import SOURCE, current_language

Param: TypeAlias = Union[str, int, float, None, "Message", tuple["Param", ...]]
Text: TypeAlias = Union[str, "Message"]


class Message:
    """A sentence, or a part of one, as an id with parameters.

    `str` gives the English text, which is what files, logs and other programs get; `render` gives
    it in the language of the reader. Values of the environment are shown by their names.

    Args:
        id: `room.name`, as in the catalogues.
        params: what stands in the text. A message among them is written in the same language; a
            tuple is a list of them. `count` chooses between singular and plural.

    >>> str(Message("core.choices", choices=("lora", "full")))
    'Choices: lora, full.'
    >>> Message("core.choices", choices=("lora", "full")).render("zh")
    '可选值：lora、full。'
    """

    __slots__ = ("id", "params")
    id: str
    params: Mapping[str, Param]

    def __init__(self, id: str, /, **params: Param) -> None:
        self.id, self.params = id, params

    def render(self, language: str | None = None) -> str:
        """The text in a language, by default the reader's."""
        language = language or current_language()
        count = self.params.get("count")
        template = find_template(self.id, language, count if isinstance(count, int) else None)
        values = {name: _render_param(name, value, language) for name, value in self.params.items()}
        return masked(template.format(**values))

    def as_json(self) -> dict[str, object]:
        """The id and the parameters as JSON-ready data."""
        params = {name: _param_as_json(value) for name, value in self.params.items()}
        return {"id": self.id, "params": params}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Message:
        """The message of stored data (`as_json`)."""
        params = data.get("params")
        if not isinstance(params, Mapping):
            params = {}
        return cls(
            str(data["id"]), **{str(name): _param_of_json(value) for name, value in params.items()}
        )

    def __str__(self) -> str:
        return self.render(SOURCE)

    def __repr__(self) -> str:
        params = "".join(f", {name}={value!r}" for name, value in self.params.items())
        return f"Message({self.id!r}{params})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return (self.id, self.params) == (other.id, other.params)

    def __hash__(self) -> int:
        return hash((self.id, tuple(sorted(map(repr, self.params.items())))))


def render(text: Text, language: str | None = None) -> str:
    """A text in a language, by default the reader's; one without an id as it is, where the
    catalogue of sentences does not know it.
    """
    if isinstance(text, Message):
        return text.render(language)
    return translate_sentence(masked(text), language or current_language())


def render_list(texts: tuple[Text, ...], language: str | None = None) -> str:
    """Several texts as one list, as `a, b`."""
    language = language or current_language()
    return find_template("core.list", language).join(render(text, language) for text in texts)


def combine(id: str, texts: Sequence[Text]) -> Text:
    """Several texts as one: each joins those before it by a message of `first` and `second`.

    >>> str(combine("core.either", ["dmy", "mdy", "ymd"]))
    'dmy or mdy or ymd'
    """
    if not texts:
        return ""
    return reduce(lambda first, second: Message(id, first=first, second=second), texts)


def render_stored(data: Mapping[str, object], english: str, language: str | None = None) -> str:
    """A stored message (`as_json`) in a language, by default the reader's; the English text that
    was stored with it where its id or parameters are not those of this release.
    """
    if not isinstance(data.get("id"), str):
        return render(english, language)
    try:
        return Message.from_json(data).render(language)
    except (KeyError, ValueError, TypeError, IndexError):
        return render(english, language)


def text_as_json(text: Text) -> object:
    """A text as JSON-ready data: a string, or a message as its id and parameters."""
    return text.as_json() if isinstance(text, Message) else text


def text_of_json(data: object) -> Text:
    """The text of stored data (`text_as_json`)."""
    return Message.from_json(data) if isinstance(data, Mapping) else str(data)


def _render_param(name: str, value: Param, language: str) -> str | int | float | None:
    if isinstance(value, Message):
        return value.render(language)
    if isinstance(value, tuple):
        separator = find_template("core.list", language)
        return separator.join(str(_render_param(name, each, language)) for each in value)
    if isinstance(value, str):
        return translate_param(name, value, language)
    return value


def _param_as_json(value: Param) -> object:
    if isinstance(value, Message):
        return value.as_json()
    if isinstance(value, tuple):
        return [_param_as_json(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)  # whole numbers of numpy too
    if isinstance(value, Real):
        return float(value)
    return masked(str(value))  # a path is written as text


def _param_of_json(value: object) -> Param:
    if isinstance(value, Mapping):
        return Message.from_json(value)
    if isinstance(value, list):
        return tuple(_param_of_json(each) for each in value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    return str(value)
