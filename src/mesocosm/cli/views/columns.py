"""Columns of a terminal, where a Chinese character takes two."""

from __future__ import annotations

from unicodedata import category, combining, east_asian_width


def pad(text: str, width: int) -> str:
    """A text with spaces before it up to a width in columns; after it where the width is negative.

    >>> pad("mean", 6), pad("均值", 6), pad("字段", -6)
    ('  mean', '  均值', '字段  ')
    """
    spaces = " " * max(0, abs(width) - measure(text))
    return text + spaces if width < 0 else spaces + text


def measure(text: str) -> int:
    """The columns that a text takes on a terminal: two for a Chinese character, none for a mark
    that is written over another letter.

    >>> measure("field"), measure("字段 a"), measure("é"), measure("e\\u0301")
    (5, 6, 1, 1)
    """
    return sum(map(_measure_letter, text))


def _measure_letter(letter: str) -> int:
    if combining(letter) or category(letter) == "Cf":
        return 0
    return 2 if east_asian_width(letter) in "WF" else 1
