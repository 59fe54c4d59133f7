"""Lines of a delimited text that stay inside of a quoted value, counted once for all records."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from mesocosm.data.sources.delimited.lines import MOST_TEXT


@dataclass
class OpenRun:
    """Lines of a file that follow each other and stay inside of a quoted value.

    Args:
        first: the number of the first of them.
        sizes: characters of each.
        size: their sum.
        end: what the line after them is; empty where it is not known, or is one of them.
    """

    first: int = 0
    sizes: deque[int] = field(default_factory=deque)
    size: int = 0
    end: str = ""

    def begin_at(self, line: int) -> None:
        """Leave out the lines before one; where it is not among them, begin with none."""
        if not self.first <= line <= self.first + len(self.sizes):
            self.first, self.size, self.end = line, 0, ""
            self.sizes.clear()
        while self.first < line:
            self.size -= self.sizes.popleft()
            self.first += 1

    def is_within(self, limit: int) -> bool:
        """Whether the lines are fewer than a limit, and no longer than a record may be."""
        return len(self.sizes) < limit and self.size <= MOST_TEXT

    def add(self, size: int) -> None:
        """One more line."""
        self.sizes.append(size)
        self.size += size
