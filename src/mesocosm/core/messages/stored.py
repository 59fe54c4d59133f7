"""Texts of a record: the English one under its key, which files and other programs read, and the
message beside it as data, which is rendered in the reader's language.

Knows records as JSON. A record of an earlier release has only the English text, which is known by
its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from mesocosm.core.messages import Message, Text, render, text_as_json
from mesocosm.core.messages.language import SOURCE
from mesocosm.core.records import Json

BESIDE = "_message"  # what the key of a text is followed by in that of its message


def text_to_json(key: str, text: Text) -> dict[str, Json]:
    """A text under a key, and its message where it is one.

    >>> text_to_json("where", Message("learning.slice.is", name="city", value="B"))["where"]
    'city is B'
    """
    if not isinstance(text, Message):
        return {key: text}
    return {key: str(text), key + BESIDE: cast(Json, text.as_json())}


def texts_to_json(key: str, texts: Sequence[Text]) -> dict[str, Json]:
    """Several texts under a key, and each as data beside them."""
    data: dict[str, Json] = {key: [str(text) for text in texts]}
    if any(isinstance(text, Message) for text in texts):
        data[key + BESIDE] = [cast(Json, text_as_json(text)) for text in texts]
    return data


def read_text(record: Mapping[str, object], key: str) -> Text:
    """The text of a key: its message, where the record has one of this release; else the English
    text.
    """
    return _read(record.get(key + BESIDE), str(record[key]))


def read_texts(record: Mapping[str, object], key: str) -> tuple[Text, ...]:
    """The texts of a key, each as `read_text` has it."""
    texts = [str(text) for text in cast(Sequence[object], record.get(key) or ())]
    beside = record.get(key + BESIDE)
    if not isinstance(beside, Sequence) or len(beside) != len(texts):
        return tuple(texts)
    return tuple(_read(data, text) for data, text in zip(beside, texts, strict=True))


def render_text(record: Mapping[str, object], key: str, language: str | None = None) -> str:
    """The text of a key in a language, by default the reader's."""
    return render(read_text(record, key), language)


def render_texts_of(
    record: Mapping[str, object], key: str, language: str | None = None
) -> list[str]:
    """The texts of a key in a language, by default the reader's."""
    return [render(text, language) for text in read_texts(record, key)]


def _read(data: object, english: str) -> Text:
    """The message of stored data; the English text where this release does not know it."""
    if not isinstance(data, Mapping) or not isinstance(data.get("id"), str):
        return english
    message = Message.from_json(data)
    try:
        message.render(SOURCE)
    except (KeyError, ValueError, TypeError, IndexError):
        return english
    return message
