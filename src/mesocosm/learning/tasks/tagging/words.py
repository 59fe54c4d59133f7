"""Words of a text, the tokens they begin with, and spans of tags. Knows tokenizers and text; loads
no net.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from mesocosm.learning.arrays import Floats, Ints, Mask

WORD = re.compile(r"\S+")
EDGE = ".,;:!?()[]{}\"'“”‘’«»"
OUTSIDE = "O"


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends.

    >>> word_spans("in New  York")
    [(0, 2), (3, 6), (8, 12)]
    """
    return [m.span() for m in WORD.finditer(text)]


def first_tokens(text: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """For each word the number of its first token, -1 where the text was truncated before it."""
    tokens = token_starts(text, offsets)
    return [_first_within(word, tokens) for word in word_spans(text)]


def token_starts(text: str, offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where each token that has characters begins, spaces before it left out, and its number."""
    found: list[tuple[int, int]] = []
    for number, (start, end) in enumerate(offsets):
        while start < end and text[start].isspace():
            start += 1
        if start < end:
            found.append((start, number))
    return found


def _first_within(word: tuple[int, int], tokens: Sequence[tuple[int, int]]) -> int:
    """The number of the first token that begins within a word; -1 where none does."""
    begin, end = word
    at = bisect_left(tokens, (begin, -1))
    if at < len(tokens) and tokens[at][0] < end:
        return tokens[at][1]
    return -1


def extract_spans(tags: Sequence[str]) -> set[tuple[int, int, str]]:
    """The spans of tags: first word, the word after the last, kind. A span that only continues
    begins there.

    >>> sorted(extract_spans(["B-PER", "I-PER", "O", "I-LOC"]))
    [(0, 2, 'PER'), (3, 4, 'LOC')]
    """
    found: set[tuple[int, int, str]] = set()
    start, kind = 0, ""
    for i, tag in enumerate([*tags, OUTSIDE]):
        if kind and tag == f"I-{kind}":
            continue
        if kind:
            found.add((start, i, kind))
        start, kind = i, _kind_of(tag)
    return found


def _kind_of(tag: str) -> str:
    """The kind that a tag names; empty outside of spans."""
    return tag.partition("-")[2]


def allowed_transitions(labels: Sequence[str]) -> Mask:
    """Which tag may follow which (tags, tags), and which may come first (the last row): `I-` only
    after its own kind.
    """
    count = len(labels)
    may: Mask = np.ones((count + 1, count), bool)
    for k, tag in enumerate(labels):
        if tag.startswith("I-"):
            may[:, k] = [before in (tag, "B" + tag[1:]) for before in labels] + [False]
    return may


def decode_viterbi(logits: Floats, may: Mask) -> Ints:
    """The likeliest tags (words,) of logits (words, tags) among those that may follow each other.

    Source: Viterbi 1967, IEEE Transactions on Information Theory 13.
    """
    wrong: Floats = np.where(may, 0.0, -1e9)
    score: Floats = logits[0] + wrong[-1]
    back: list[Ints] = []
    for row in logits[1:]:
        paths: Floats = score[:, None] + wrong[:-1] + row[None]
        back.append(paths.argmax(0))
        score = paths.max(0)
    path = [int(score.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1])


def trim_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch of a text without the punctuation at its edges.

    >>> trim_marks("(Paris),", 0, 8)
    (1, 6)
    """
    while start < end and text[start] in EDGE:
        start += 1
    while end > start and text[end - 1] in EDGE:
        end -= 1
    return start, end
