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
NEVER = -1e9  # the score of a tag that may not follow


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


def decode_viterbi(scores: Floats, may: Mask, transitions: Floats) -> Ints:
    """The likeliest tags (parts,) of scores (parts, tags) among those that may follow each other.

    Args:
        transitions: (tags + 1, tags) the score of each tag after each, and of each as the first.

    Source: Viterbi 1967, IEEE Transactions on Information Theory 13.
    """
    chain: Floats = np.where(may, transitions, NEVER)
    score: Floats = scores[0] + chain[-1]
    back: list[Ints] = []
    for row in scores[1:]:
        paths: Floats = score[:, None] + chain[:-1] + row[None]
        back.append(paths.argmax(0))
        score = paths.max(0)
    path = [int(score.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1])


def tag_probabilities(scores: Floats, may: Mask, transitions: Floats) -> Floats:
    """The probability of each tag of each part (parts, tags), over all tags that the others may
    have: forward and backward sums.

    Source: Rabiner 1989, A Tutorial on Hidden Markov Models, Proceedings of the IEEE 77.
    """
    chain: Floats = np.where(may, transitions, NEVER)
    forward: list[Floats] = [scores[0] + chain[-1]]
    for row in scores[1:]:
        forward.append(_log_sum(forward[-1][:, None] + chain[:-1], 0) + row)
    backward: list[Floats] = [np.zeros_like(scores[0])]
    for row in scores[:0:-1]:
        backward.append(_log_sum(chain[:-1] + (row + backward[-1])[None], 1))
    both: Floats = np.array(forward) + np.array(backward[::-1])
    raised: Floats = np.exp(both - both.max(1, keepdims=True))
    shares: Floats = raised / raised.sum(1, keepdims=True)
    return shares


def _log_sum(values: Floats, axis: int) -> Floats:
    """The logarithm of the sum of exponentials along an axis."""
    most: Floats = values.max(axis, keepdims=True)
    summed: Floats = np.log(np.exp(values - most).sum(axis)) + most.squeeze(axis)
    return summed


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
