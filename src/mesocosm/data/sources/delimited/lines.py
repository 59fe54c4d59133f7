"""Physical lines of a text file, which end in LF, CRLF or CR. One line is in memory at a time, and
no more of it than a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    open_line = OpenLine()
    for text in filter(None, decode(path, "utf-8")):
        if not any(stop in text for stop in stops):
            open_line.extend(text)
            continue
        lines = pattern.findall(open_line.take() + text)
        if text[-1] != "\n":  # a line, or a CRLF, may go on in the next block
            open_line.begin(lines.pop())
        yield from map(_apart, lines)
    yield from map(_apart, pattern.findall(open_line.take()))


@dataclass
class OpenLine:
    """A line of which more may come, kept up to one character over the bound of a line."""

    parts: list[str] = field(default_factory=list)
    size: int = 0

    def begin(self, text: str) -> None:
        """What is at hand of a new line."""
        self.parts, self.size = [text], len(text)

    def extend(self, text: str) -> None:
        """Add what comes next of the line."""
        self.parts.append(text[: max(0, MOST_TEXT + 1 - self.size)])
        self.size += len(text)

    def take(self) -> str:
        """The text of the line, after which another begins."""
        text = "".join(self.parts)
        self.parts, self.size = [], 0
        return text


def _apart(line: str) -> tuple[str, str]:
    body = line.rstrip("\r\n")
    return body, line[len(body) :]


def excerpt_length(before: int) -> int:
    """How many characters of a quarantined record are kept, where `before` were kept already:
    memory is bounded.
    """
    return 4000 if before < 10_000 else 200
