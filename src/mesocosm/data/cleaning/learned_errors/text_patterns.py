"""How a text is written: its pattern of letters and digits, its case, its trigrams."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

REMEMBERED = 50_000  # texts whose pattern is not sought again
_UPPER, _LOWER, _DIGIT = re.compile(r"[^\W\d_a-z]"), re.compile(r"[a-z]"), re.compile(r"\d")
_RUN = re.compile(r"(.)\1+")


@lru_cache(REMEMBERED)
def pattern_of(text: str) -> str:
    """Each letter as its class, each digit as 0.

    >>> pattern_of("Ab-12")
    'Aa-00'
    """
    return _DIGIT.sub("0", _UPPER.sub("A", _LOWER.sub("a", text)))


@lru_cache(REMEMBERED)
def short_pattern(text: str) -> str:
    """The pattern with runs as one.

    >>> short_pattern("2,050 kg")
    '0,0 a'
    """
    return _RUN.sub(r"\1", pattern_of(text))


@lru_cache(REMEMBERED)
def case_of(text: str) -> str:
    """Which case the letters have: `upper`, `lower`, `title`, `mixed`, or none."""
    if not any(c.isalpha() for c in text):
        return ""
    for name, written in (("lower", text.lower()), ("upper", text.upper())):
        if text == written:
            return name
    return "title" if text[:1].isupper() or text[:1].isdigit() else "mixed"


@lru_cache(REMEMBERED)
def signs_of(text: str) -> str:
    """The signs that are neither letters nor digits, each once, in order."""
    return "".join(sorted({c for c in text if not c.isalnum()}))


def trigrams_of(text: str) -> list[str]:
    """Three characters each, with the ends marked."""
    padded = f"\x02{text}\x03"
    return [padded[i : i + 3] for i in range(max(1, len(padded) - 2))]


def count_shares(keys: Iterable[str], counts: Iterable[int]) -> dict[str, float]:
    """The share of the rows that each key has."""
    found: dict[str, float] = {}
    total = 0
    for key, count in zip(keys, counts, strict=True):
        found[key] = found.get(key, 0.0) + count
        total += count
    return {key: n / max(1, total) for key, n in found.items()}
