"""What is read of the letters of a text's parts: hashed n-grams around each of them, and where they
match a span of the training texts.

Source: Weinberger et al. 2009, Feature Hashing, ICML; Ratinov and Roth 2009, Design Challenges in
Named Entity Recognition, CoNLL (dictionaries of names).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from mesocosm.learning.arrays import Ints
from mesocosm.learning.heads.head import Tensors
from mesocosm.learning.tasks.tagging.words import extract_spans

BUCKETS = 1 << 14  # rows of weights that n-grams share
POSITIONS = 4  # of a part in a known span: alone, first, within, last
REACH = 2  # parts to either side whose letters are read
_EDGE = "\x00"
_NO_GROUP = -1

Match = tuple[int, int, tuple[int, ...]]  # first part, the part after the last, kinds


@dataclass(frozen=True)
class KnownSpans:
    """Spans of the training texts, by a hash of their parts: no text is kept.

    Args:
        kinds: the kinds of spans, in the order of their numbers.
        spans: of each hash, each kind and the groups of texts that have it.
        longest: parts of the longest span.
    """

    kinds: Sequence[str]
    spans: Mapping[int, Mapping[int, Collection[int]]] = field(default_factory=dict)
    longest: int = 0

    def find(self, words: Sequence[str], group: int = _NO_GROUP) -> list[Match]:
        """The known spans in a text, from the left, the longest first.

        Args:
            group: of texts; a span that only these have is not known.
        """
        found: list[Match] = []
        at = 0
        while at < len(words):
            match = self._find_at(words, at, group)
            if match is None:
                at += 1
                continue
            found.append(match)
            at = match[1]
        return found

    def _find_at(self, words: Sequence[str], at: int, group: int) -> Match | None:
        for end in range(min(len(words), at + self.longest), at, -1):
            groups = self.spans.get(_hash_span(words[at:end]))
            if groups is None:
                continue
            kinds = tuple(kind for kind, has in groups.items() if any(g != group for g in has))
            if kinds:
                return at, end, kinds
        return None

    @property
    def rows(self) -> int:
        """Rows of weights: of each position in a span of each kind, before and after a span."""
        return POSITIONS * len(self.kinds) + 2

    def tensors(self) -> Tensors:
        """The hashes and kinds of all spans, and the length of the longest."""
        pairs = [(key, kind) for key, kinds in self.spans.items() for kind in kinds]
        listed = np.array(sorted(pairs), np.int64).reshape(-1, 2)
        longest = np.array([self.longest], np.int64)
        return {"known": listed[:, 0], "known_kinds": listed[:, 1], "longest": longest}


def collect_spans(
    kinds: Sequence[str],
    texts: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    groups: Sequence[int],
) -> KnownSpans:
    """The spans of training texts, given as parts and their tags, and the group of each text."""
    number = {kind: k for k, kind in enumerate(kinds)}
    spans: dict[int, dict[int, set[int]]] = {}
    longest = 0
    for words, of, group in zip(texts, tags, groups, strict=True):
        for start, end, kind in extract_spans(of):
            by_kind = spans.setdefault(_hash_span(words[start:end]), {})
            by_kind.setdefault(number[kind], set()).add(group)
            longest = max(longest, end - start)
    return KnownSpans(kinds, spans, longest)


def read_spans(kinds: Sequence[str], tensors: Tensors) -> KnownSpans:
    """Known spans out of their tensors; none of a version of an earlier release."""
    if "known" not in tensors:
        return KnownSpans(kinds)
    spans: dict[int, dict[int, tuple[int, ...]]] = {}
    for key, kind in zip(tensors["known"].tolist(), tensors["known_kinds"].tolist(), strict=True):
        spans.setdefault(key, {})[kind] = (0,)
    return KnownSpans(kinds, spans, int(tensors["longest"][0]))


def list_kinds(tags: Iterable[str]) -> list[str]:
    """The kinds of spans that tags name."""
    return sorted({tag.partition("-")[2] for tag in tags} - {""})


def list_features(words: Sequence[str], known: KnownSpans, group: int = _NO_GROUP) -> Ints:
    """Numbers of the rows of weights that each part of a text adds up (parts, features); rows
    beyond `known.rows + BUCKETS` are those of no feature.
    """
    small = [word.lower() for word in words]
    spans = _number_matches(known.find(small, group), len(words), known)
    rows = [
        [*near, *(known.rows + _hash_letters(gram) for gram in _list_grams(words, small, i))]
        for i, near in enumerate(spans)
    ]
    nothing = known.rows + BUCKETS
    width = max(map(len, rows), default=0)
    padded: Ints = np.full((len(rows), width), nothing, np.int64)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded


def _number_matches(matches: Sequence[Match], count: int, known: KnownSpans) -> list[list[int]]:
    """The rows of weights of known spans, for each part: within one, before one, after one."""
    rows: list[list[int]] = [[] for _ in range(count)]
    before = POSITIONS * len(known.kinds)
    for start, end, kinds in matches:
        for i in range(start, end):
            position = _position(i, start, end)
            rows[i] += [POSITIONS * kind + position for kind in kinds]
        if start:
            rows[start - 1].append(before)
        if end < count:
            rows[end].append(before + 1)
    return rows


def _position(at: int, start: int, end: int) -> int:
    if end - start == 1:
        return 0
    if at == start:
        return 1
    if at == end - 1:
        return 3
    return 2


def _list_grams(words: Sequence[str], small: Sequence[str], at: int) -> list[str]:
    """What is hashed of a part: the parts around it, pairs of them, its ends and its shape."""
    around = range(at - REACH, at + REACH + 1)
    near = [small[i] if 0 <= i < len(small) else _EDGE for i in around]
    grams = [f"{i} {word}" for i, word in enumerate(near)]
    grams += [f"{i} {near[i]} {near[i + 1]}" for i in range(len(near) - 1)]
    word = small[at]
    if len(word) > 1:
        grams += [f"first {word[:3]}", f"last {word[-3:]}"]
    return [*grams, f"shape {_shape(words[at])}"]


def _shape(word: str) -> str:
    """A word's form: capitals, small letters and digits by their kind.

    >>> _shape("iPhone 15")
    'aAa 0'
    """
    return re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d+", "0", word)))[:20]


def _hash_letters(gram: str) -> int:
    return zlib.crc32(gram.encode("utf-8", "surrogatepass")) % BUCKETS


def _hash_span(words: Sequence[str]) -> int:
    """A number of 63 bits for the parts of a span, whatever their capitals."""
    joined = _EDGE.join(word.lower() for word in words)
    digest = blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
