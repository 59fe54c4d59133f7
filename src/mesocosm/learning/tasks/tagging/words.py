"""Words of a text, the tokens they begin with, and spans of tags. Knows tokenizers and text; loads
no net.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
WORD = re.compile(r"\S+")
EDGE = ".,;:!?()[]{}\"'“”‘’«»"
NONE = "O"


def words_of(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends.

    >>> words_of("in New  York")
    [(0, 2), (3, 6), (8, 12)]
    """
    return [m.span() for m in WORD.finditer(text)]


def firsts(text: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """For each word the number of its first token, -1 where the text was cut before it."""
    words = words_of(text)
    found = [-1] * len(words)
    at = 0
    for number, (start, end) in enumerate(offsets):
        if end <= start:
            continue
        while at < len(words) and words[at][1] <= start:
            at += 1
        if at < len(words) and found[at] < 0 and start >= words[at][0]:
            found[at] = number
    return found


def spans(tags: Sequence[str]) -> set[tuple[int, int, str]]:
    """Named things of tags: first word, the word after the last, kind. A thing that only goes on
    begins there.

    >>> sorted(spans(["B-PER", "I-PER", "O", "I-LOC"]))
    [(0, 2, 'PER'), (3, 4, 'LOC')]
    """
    found: set[tuple[int, int, str]] = set()
    start, kind = 0, ""
    for i, tag in enumerate([*tags, NONE]):
        mark, _, name = tag.partition("-")
        if kind and (mark != "I" or name != kind):
            found.add((start, i, kind))
            kind = ""
        if tag != NONE and not kind:
            start, kind = i, name
    return found


def allowed(labels: Sequence[str]) -> Array:
    """Which tag may follow which (tags, tags), and which may come first (the last row): `I-` only
    after its own kind.
    """
    count = len(labels)
    may = np.ones((count + 1, count), bool)
    for k, tag in enumerate(labels):
        if tag.startswith("I-"):
            may[:, k] = [before in (tag, "B" + tag[1:]) for before in labels] + [False]
    return may


def best(logits: Array, may: Array) -> Array:
    """The likeliest tags (words,) of logits (words, tags) among those that may follow each other.

    Source: Viterbi 1967, IEEE Transactions on Information Theory 13.
    """
    wrong = np.where(may, 0.0, -1e9)
    score, back = logits[0] + wrong[-1], []
    for row in logits[1:]:
        paths = score[:, None] + wrong[:-1] + row[None]
        back.append(paths.argmax(0))
        score = paths.max(0)
    path = [int(score.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1])


def bare(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch of a text without the marks at its edges.

    >>> bare("(Paris),", 0, 8)
    (1, 6)
    """
    while start < end and text[start] in EDGE:
        start += 1
    while end > start and text[end - 1] in EDGE:
        end -= 1
    return start, end
