"""Columns of a terminal, where a Chinese character takes two."""

from __future__ import annotations

from unicodedata import east_asian_width


def pad(text: str, width: int) -> str:
    """A text with spaces before it up to a width in columns; after it where the width is negative.

    >>> pad("mean", 6), pad("均值", 6), pad("字段", -6)
    ('  mean', '  均值', '字段  ')
    """
    columns = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
    spaces = " " * max(0, abs(width) - columns)
    return text + spaces if width < 0 else spaces + text
