"""Physical lines of a text file, which end in LF, CRLF or CR. One line is in memory at a time, and
no more of it than a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mesocosm.data.sources.delimited.encodings import decode

# characters of one line or record; one more is kept of a longer line, so that it is refused
MOST_TEXT = 32_000_000
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
FEED = re.compile(r"[^\n]*\n|[^\n]+")


def read_lines(path: Path, only_feeds: bool = False) -> Iterator[tuple[str, str]]:
    """Each line of a file of UTF-8 as its text and its line end.

    Args:
        only_feeds: whether a CR without an LF is no line end.
    """
    pattern, stops = (FEED, "\n") if only_feeds else (LINE, "\r\n")
    parts: list[str] = []
    size = 0
    for text in decode(path, "utf-8"):
        if not text:
            continue
        if not any(stop in text for stop in stops):
            parts += [text[: max(0, MOST_TEXT + 1 - size)]]
            size += len(text)
            continue
        lines = pattern.findall("".join([*parts, text]))
        parts, size = [], 0
        if text[-1] != "\n":  # a line, or a CRLF, may go on in the next block
            parts = [lines.pop()]
            size = len(parts[0])
        yield from map(_apart, lines)
    yield from map(_apart, pattern.findall("".join(parts)))


def _apart(line: str) -> tuple[str, str]:
    body = line.rstrip("\r\n")
    return body, line[len(body) :]


def excerpt_length(before: int) -> int:
    """How many characters of a quarantined record are kept, where `before` were kept already:
    memory is bounded.
    """
    return 4000 if before < 10_000 else 200
