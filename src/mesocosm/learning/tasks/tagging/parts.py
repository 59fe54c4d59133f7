"""What has a tag of its own in a text: words between spaces, the parts of texts in any script, or
every character; tags or spans read for them, and the tokens that they lie in.

Knows text and offsets; loads no net. A version keeps the way its training rows were cut.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypedDict

from mesocosm.core.values.words import Span, unit_places
from mesocosm.learning.tasks.tagging.words import OUTSIDE, first_tokens, token_starts, word_spans

WORDS, CUT_IN_PARTS, CHARACTERS = "words", "parts", "characters"
_CHARACTER = re.compile(r"\S")


class MarkedSpan(TypedDict, total=False):
    """A span of a text and its kind; `text` is what it should hold."""

    start: int
    end: int
    label: str
    text: str


class PartTokens(NamedTuple):
    """The token that each part of a text lies in (-1 past the truncation), and whether it begins
    inside of it.
    """

    tokens: list[int]
    inside: list[bool]


def _character_places(text: str) -> list[Span]:
    return [match.span() for match in _CHARACTER.finditer(text)]


CUTS: Mapping[str, Callable[[str], list[Span]]] = {  # the first that fits most rows is taken
    WORDS: word_spans,
    CUT_IN_PARTS: unit_places,
    CHARACTERS: _character_places,
}


def find_places(cut: str, text: str) -> list[Span]:
    """Where each part of a text begins and ends, cut in one of the ways of `CUTS`.

    >>> find_places("words", "在 New York"), find_places("parts", "买2台")
    ([(0, 1), (2, 5), (6, 10)], [(0, 1), (1, 2), (2, 3)])
    """
    return CUTS[cut](text)


def cut_words(cut: str, text: str) -> list[str]:
    """The parts of a text."""
    return [text[start:end] for start, end in find_places(cut, text)]


def choose_cut(texts: Sequence[object], values: Sequence[object]) -> str:
    """The way of cutting in which most rows have a tag for each part; words, where ways are equal.

    >>> choose_cut(["丢了卡"], ["O O B-卡"]), choose_cut(["a b"], ["O O"])
    ('parts', 'words')
    """
    rows = [
        (str(text), str(value))
        for text, value in zip(texts, values, strict=True)
        if text is not None and value is not None
    ]
    fitting = {cut: sum(read_tags(v, t, cut) is not None for t, v in rows) for cut in CUTS}
    return max(CUTS, key=lambda cut: fitting[cut])


def read_tags(value: str, text: str, cut: str) -> list[str] | None:
    """A tag for each part of a text, from tags with spaces between or from spans as JSON; None
    where they do not fit the text.

    >>> read_tags("O B-A", "in Rome", "words"), read_tags("O", "in Rome", "words")
    (['O', 'B-A'], None)
    >>> read_tags('[{"start": 1, "end": 3, "label": "地点"}]', "在南京", "parts")
    ['O', 'B-地点', 'I-地点']
    """
    places = find_places(cut, text)
    if value.startswith("["):
        return _tags_of_spans(json.loads(value), text, places) if cut == CUT_IN_PARTS else None
    tags = value.split()
    return tags if len(tags) == len(places) else None


def _tags_of_spans(
    spans: Sequence[MarkedSpan], text: str, places: Sequence[Span]
) -> list[str] | None:
    """A tag for each part; None where a span begins or ends within a part, or holds another
    text.
    """
    starts = {start: number for number, (start, _) in enumerate(places)}
    ends = {end: number for number, (_, end) in enumerate(places)}
    tags = [OUTSIDE] * len(places)
    for span in spans:
        first, last = starts.get(span["start"]), ends.get(span["end"])
        if first is None or last is None or last < first:
            return None
        if span.get("text", text[span["start"] : span["end"]]) != text[span["start"] : span["end"]]:
            return None
        inner = [f"I-{span['label']}"] * (last - first)
        tags[first : last + 1] = [f"B-{span['label']}", *inner]
    return tags


def score_spans(predicted: object, truth: str) -> float:
    """The F1 of predicted spans, as a version gives them, and true ones as JSON; 1 where there is
    none of both.

    >>> score_spans([{"start": 0, "end": 2, "kind": "A"}], '[{"start": 0, "end": 2, "label": "A"}]')
    1.0
    """
    right = {(span["start"], span["end"], span["label"]) for span in json.loads(truth)}
    spans = predicted if isinstance(predicted, list) else []
    ours = {(span["start"], span["end"], span["kind"]) for span in spans}
    if not ours and not right:
        return 1.0
    return 2 * len(ours & right) / (len(ours) + len(right))


def find_tokens(text: str, cut: str, offsets: Sequence[Span]) -> PartTokens:
    """The token of each part: of a word the first that begins in it, else the one that covers the
    part's beginning.

    >>> find_tokens("在南京", "parts", [(0, 0), (0, 1), (1, 3), (0, 0)])
    PartTokens(tokens=[1, 2, 2], inside=[False, False, True])
    """
    if cut == WORDS:
        first = first_tokens(text, offsets)
        return PartTokens(first, [False] * len(first))
    tokens = token_starts(text, offsets)
    found = PartTokens([], [])
    for begin, end in find_places(cut, text):
        at = bisect_right(tokens, (begin, len(offsets))) - 1
        covers = at >= 0 and offsets[tokens[at][1]][1] > begin
        if not covers:  # a token that begins later in the part, as after a letter left out
            at += 1
            covers = at < len(tokens) and tokens[at][0] < end
        found.tokens.append(tokens[at][1] if covers else -1)
        found.inside.append(covers and tokens[at][0] < begin)
    return found
