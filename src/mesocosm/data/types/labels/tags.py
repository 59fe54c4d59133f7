"""A tag for each word of a text, as named things are marked (O, B-PLACE, I-PLACE), or the places
of these things as spans. Knows the kinds of things, whatever their case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.data.pipeline.ibis_sql import Column, cases, functions, literal, map_values, null
from mesocosm.data.types.field import Facts, FieldKind


class Tags(FieldKind):
    """A tag a word with a space between: `O` for none, `B-` where a named thing begins and `I-`
    where it continues. In scripts without spaces between words (Chinese, Japanese, Thai) a tag a
    character.

    Spans are an array of JSON instead: each has the character it begins at, the one after its last,
    and its kind (`start`, `end`, `label`), and may have the `text` that it holds, which is then
    compared.

    Args:
        values: the kinds of named things.

    Source: Ramshaw and Marcus 1995, Text Chunking using Transformation-Based Learning (IOB); Tjong
    Kim Sang and De Meulder 2003, CoNLL.

    >>> Tags(values=("PLACE",)).expected
    'a tag a word with spaces between: O, B-PLACE or I-PLACE; or entity positions as JSON'
    """

    type: Literal["tags"] = "tags"
    values: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _plain(self) -> Tags:
        for value in self.values:
            if not value or any(c.isspace() for c in value):
                raise ValueError(Message("config.values_without_spaces", value=value))
        return self

    @property
    def tags(self) -> list[str]:
        """All tags."""
        found = ["O"]
        for value in self.values:
            found += [f"B-{value}", f"I-{value}"]
        return found

    @property
    def expected(self) -> str:
        """In words."""
        tags = f"{', '.join(self.tags[:-1])} or {self.tags[-1]}"
        return f"a tag a word with spaces between: {tags}; or entity positions as JSON"

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The tags with one space between, or the spans as JSON; null where a tag or kind is not
        known, or there is none.
        """
        del parts, facts
        text = raw.cast("string")
        each = text.re_replace(r"\s+", " ").split(" ").filter(lambda v: v != "")
        known = {tag.casefold(): tag for tag in self.tags}
        read = each.map(lambda v: map_values(v.lower(), known, "string"))
        whole = read.filter(lambda v: v.isnull()).length() == 0
        kinds = literal(json.dumps(self.values, ensure_ascii=False))
        return cases(
            (text.re_search(r"^\s*\["), functions()["spans_of"](text, kinds)),
            (whole & (each.length() > 0), read.filter(lambda v: v.notnull()).join(" ")),
            other=null(),
        )


def spans_of(raw: str, kinds: str) -> str | None:
    """Spans as canonical JSON, the first of the text first; None where one is none, has a kind that
    is not listed, or two overlap.

    Args:
        kinds: the kinds of named things, an array of JSON.

    >>> spans_of('[{"end": 4, "start": 2, "label": "place"}]', '["PLACE"]')
    '[{"start": 2, "end": 4, "label": "PLACE"}]'
    >>> spans_of('[{"start": 4, "end": 4, "label": "PLACE"}]', '["PLACE"]')
    """
    try:
        spans: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(spans, list):
        return None
    known = {kind.casefold(): kind for kind in json.loads(kinds)}
    read = [span for span in (_read_span(item, known) for item in spans) if span]
    read.sort(key=lambda span: span["start"])
    if len(read) < len(spans) or _overlap(read):
        return None
    return json.dumps(read, ensure_ascii=False)


class ReadSpan(TypedDict):
    """A span of a text, its kind, and the text that it should hold."""

    start: int
    end: int
    label: str
    text: NotRequired[str]


def _read_span(item: object, known: Mapping[str, str]) -> ReadSpan | None:
    """A span with its kind as the file spells it; None where it is none."""
    if not isinstance(item, Mapping):
        return None
    start, end, text = item.get("start"), item.get("end"), item.get("text", "")
    kind = known.get(str(item.get("label", item.get("kind"))).casefold())
    if type(start) is not int or type(end) is not int or not isinstance(text, str):
        return None
    if not 0 <= start < end or kind is None:
        return None
    read: ReadSpan = {"start": start, "end": end, "label": kind}
    if text:
        read["text"] = text
    return read


def _overlap(spans: Sequence[ReadSpan]) -> bool:
    """Whether one of some sorted spans begins before the last one ended."""
    return any(b["start"] < a["end"] for a, b in zip(spans, spans[1:], strict=False))
