"""Records of a delimited text file with their true physical lines, whatever is broken in it.

Each physical line is classified twice: as the start of a record, and as the rest of a quoted value.
Where a quote is never closed, or closes where none may, the two readings tell which lines belong to
the broken record; the others are read as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mesocosm.data.sources.delimited.dialect import Dialect
from mesocosm.data.sources.delimited.encodings import BROKEN
from mesocosm.data.sources.delimited.lines import MOST_TEXT, excerpt_length, read_lines
from mesocosm.data.sources.delimited.open_run import OpenRun

MOST_SPAN = 10_000  # lines of one record
LOOK = 2_000  # lines looked ahead from a broken record
CLOSED, OPEN, BAD = "closed", "open", "bad"
NUMBER = re.compile(r"\s*[-+]?[\d.,\s]*\d[\d.,\s%]*(?:[eE][-+]?\d+)?\s*|")
LEARN = 200  # rows that tell which columns are numbers
ENOUGH = 8  # cells that fit by chance in none but a real row


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its first physical line and how many it has; `cells`, or `why` it cannot be read
    and its text.
    """

    line: int
    lines: int
    cells: list[str] | None
    why: str = ""
    text: str = ""


@dataclass
class Scan:
    """A pass over a file of UTF-8.

    Args:
        skip: physical lines before the first record.
        width: cells that a record must have; None where any number is right.
        trailing: whether each row has one more delimiter at its end.
    """

    path: Path
    dialect: Dialect
    skip: int = 0
    width: int | None = None
    trailing: bool = False
    counts: dict[str, int] = field(default_factory=lambda: {"blank": 0, "comment": 0})

    def __post_init__(self) -> None:
        self.patterns = self.dialect.patterns()
        self.ahead: list[tuple[str, str]] = []
        self.head = 0
        self.shape: list[bool] = []  # which columns held nothing but numbers
        self.seen = 0
        self.source = read_lines(self.path)
        self.at = 0  # physical lines taken
        self.run = OpenRun()
        self.strict = False  # right after a broken record a stray quote may be its end

    def first_lines(self, count: int) -> list[str]:
        """Up to `count` lines after `skip` that are neither blank nor comments."""
        self._fill(count + self.skip)
        lines = [line for line, _ in self.ahead[self.skip :]]
        return [line for line in lines if line.strip() and not self._is_comment(line)][:count]

    def _is_comment(self, line: str) -> bool:
        return bool(self.dialect.comment) and line.startswith(self.dialect.comment)

    def _fill(self, count: int) -> bool:
        """Whether `count` lines are ahead."""
        while len(self.ahead) - self.head < count:
            line = next(self.source, None)
            if line is None:
                return False
            self.ahead.append(line)
        return True

    def _peek(self, place: int) -> str:
        return self.ahead[self.head + place][0]

    def _joined(self, count: int) -> str:
        parts = self.ahead[self.head : self.head + count]
        return "".join(b + e for b, e in parts[:-1]) + parts[-1][0]

    def _take(self, count: int) -> str:
        self.at += count
        parts = self.ahead[self.head : self.head + count]
        self.head += count
        if self.head > 256 and 2 * self.head > len(self.ahead):
            del self.ahead[: self.head]
            self.head = 0
        if not parts:
            return ""
        return "".join(b + e for b, e in parts[:-1]) + parts[-1][0]

    def start(self, line: str) -> str:
        """What a line is as the start of a record."""
        if (
            self.dialect.quote not in line
            or not self.dialect.quote
            or self.patterns.whole.fullmatch(line)
        ):
            return CLOSED
        return OPEN if self.patterns.opening.fullmatch(line) else BAD

    def rest(self, line: str) -> str:
        """What a line is inside of a quoted value."""
        if self.dialect.closing not in line or self.patterns.inside.fullmatch(line):
            return OPEN
        return CLOSED if self.patterns.ending.fullmatch(line) else BAD

    def cells(self, record: str) -> list[str]:
        """The cells of a well-formed record."""
        if self._is_plain(record):
            return record.split(self.dialect.delimiter)
        return [self._unquote(match) for match in self.patterns.cell.finditer(record)]

    def _is_plain(self, record: str) -> bool:
        """Whether a record has no quote and no escape."""
        quote, escape = self.dialect.quote, self.dialect.escape
        if quote and quote in record:
            return False
        return not escape or escape == quote or escape not in record

    def _unquote(self, cell: re.Match[str]) -> str:
        """The text of a cell, without its quotes and escapes."""
        q, e = self.dialect.quote, self.dialect.escape
        inner = cell["q"]
        if inner is None:
            bare = cell[2] or ""
            return bare if q or not e else _unescape(bare, e)
        close = self.dialect.closing
        return inner.replace(close + close, close) if e == q else _unescape(inner, e)

    def fits(self, cells: list[str]) -> bool:
        """Whether a record has as many cells as it must."""
        if self.width is None:
            return True
        if self.trailing:
            return len(cells) == self.width + 1 and not cells[-1]
        return len(cells) == self.width

    def records(self) -> Iterator[Record]:
        """Every record after `skip` lines."""
        for _ in range(self.skip):
            if self._fill(1):
                self._take(1)
        self.strict = False
        while self._fill(1):
            line = self._peek(0)
            ignored = self._ignored(line)
            if ignored:
                self.counts[ignored] += 1
                self._take(1)
            else:
                yield from self._next(line)

    def _ignored(self, line: str) -> str:
        """`blank` or `comment` for a line that is no part of a record, else empty."""
        if not line or self._is_blank(line):
            return "blank"
        if self._is_comment(line):
            return "comment"
        return ""

    def _is_blank(self, line: str) -> bool:
        """Whether a line has nothing but space, and is no row of empty cells either."""
        return self.width != 1 and line.isspace() and self.dialect.delimiter not in line

    def _next(self, line: str) -> Iterator[Record]:
        """The record that begins with the next line, or the records it proves to be."""
        if not self.dialect.quote or self.dialect.quote not in line:
            yield self._without_quotes(line)
            return
        state = self.start(line)
        if state == CLOSED:
            yield self._next_closed(line)
        elif state == OPEN:
            yield from self._next_open()
        else:
            self.strict = True
            yield from self._broken("a quote closes where its value goes on")

    def _next_closed(self, line: str) -> Record:
        """The record of a line that leaves no quote open."""
        if self.strict and not self.patterns.strict.fullmatch(line):
            return self._bad(1, "a quote stands where no value begins or ends")
        return self._sound_record(1)

    def _next_open(self) -> Iterator[Record]:
        """The record whose first line leaves a quote open, or the records it proves to be."""
        span = self._span()
        if span and self._sound(span):
            yield self._sound_record(span)
            return
        self.strict = True
        if span:
            yield from self._doubtful(span)
        else:
            yield from self._broken("a quote is not closed")

    def _sound_record(self, lines: int) -> Record:
        self.strict = False
        return self._read(lines)

    def _without_quotes(self, line: str) -> Record:
        """The record of a line that holds no quote."""
        if self.strict:
            cells = self.cells(line)
            if self.fits(cells) and not self._alike(cells):
                return self._bad(
                    1, "it follows a quote that is not closed, and differs from the rows before"
                )
        return self._sound_record(1)

    def _doubtful(self, span: int) -> Iterator[Record]:
        """The records of lines between two quotes that may belong to two values."""
        if self.fits(self.cells(self._joined(span))):
            why = (
                f"a quote opens on line {self.at + 1} and closes on line {self.at + span},"
                " yet the lines between look like rows"
            )
            for _ in range(span):
                yield self._bad(1, why)
        elif self._plain(1, span - 1):
            yield self._bad(1, "a quote is not closed on its line")
        else:
            yield self._read(span)

    def _read(self, lines: int) -> Record:
        line = self.at + 1
        text = self._take(lines)
        why = _why_unreadable(text)
        if why:
            return Record(line, lines, None, why, _shown(text))
        cells = self.cells(text)
        if self.width is None:
            return Record(line, lines, cells)
        if not self.fits(cells):
            why = self._explain_width(len(cells), lines)
            return Record(line, lines, None, why, _shown(text))
        if self.seen < LEARN:
            self._learn(cells)
        return Record(line, lines, cells[:-1] if self.trailing else cells)

    def _explain_width(self, cells: int, lines: int) -> str:
        over = f" over {lines} lines" if lines > 1 else ""
        return f"expected {self.width} columns, got {cells}{over}"

    def _learn(self, cells: list[str]) -> None:
        numbers = [bool(NUMBER.fullmatch(c)) for c in cells]
        if self.seen:
            numbers = [a and b for a, b in zip(self.shape, numbers, strict=True)]
        self.shape = numbers
        self.seen += 1

    def _bad(self, lines: int, why: str) -> Record:
        line = self.at + 1
        return Record(line, lines, None, why, _shown(self._take(lines)))

    def _span(self) -> int:
        """How many lines a record has whose first leaves a quote open; 0 where it is never
        closed.
        """
        lines, state = self._open_lines(1, MOST_SPAN - 1)
        return lines + 2 if state == CLOSED else 0

    def _open_lines(self, place: int, limit: int) -> tuple[int, str]:
        """How many lines from a place ahead stay inside of a quoted value, and what the line after
        them is.

        What is known of a line is kept for the next record, so a file that opens a quote on each
        line is read in linear time.
        """
        run = self.run
        run.begin_at(self.at + place)
        while run.is_within(limit) and not run.end:
            here = place + len(run.sizes)
            if not self._fill(here + 1):
                return len(run.sizes), BAD
            state = self.rest(self._peek(here))
            if state == OPEN:
                run.add(len(self._peek(here)))
            else:
                run.end = state
        if run.end and run.is_within(limit):
            return len(run.sizes), run.end
        return len(run.sizes), BAD

    def _sound(self, span: int) -> bool:
        """Whether a record over several lines has the right width, and the lines inside are no
        rows.
        """
        return self.fits(self.cells(self._joined(span))) and not (
            self._plain(1, span - 1) and self._fits_line(span - 1)
        )

    def _fits_line(self, place: int) -> bool:
        line = self._peek(place)
        return self.start(line) == CLOSED and self._alike(self.cells(line))

    def _alike(self, cells: list[str]) -> bool:
        """Whether cells fit, and are numbers where all before were."""
        return self.fits(cells) and (
            self.seen < 3
            or all(not n or NUMBER.fullmatch(c) for n, c in zip(self.shape, cells, strict=True))
        )

    def _plain(self, first: int, after: int) -> bool:
        """Whether lines ahead all are rows of the right width, and enough that it is no chance."""
        if self.width is None or self.width < 2 or (self.width - 1) * (after - first) < ENOUGH:
            return False
        return all(self._fits_line(i) for i in range(first, after))

    def _broken(self, why: str) -> Iterator[Record]:
        """A record that cannot be read costs its first line, and the lines that end it where one of
        them does.
        """
        place = self._next_quote()
        ends = place > 0 and self._ends_broken(place)
        yield self._bad(place + 1 if ends else 1, why)

    def _next_quote(self) -> int:
        """The first line ahead that has a quote, after the next one; 0 where none is near."""
        for place in range(1, LOOK):
            if not self._fill(place + 1):
                return 0
            if self.dialect.closing in self._peek(place):
                return place
        return 0

    def _ends_broken(self, place: int) -> bool:
        """Whether a line ahead is the end of a broken record, not the beginning of another."""
        line = self._peek(place)
        if self.patterns.strict.fullmatch(line):
            return False
        if self.start(line) == OPEN and self._opens_well(place):
            return False
        return self.rest(line) == CLOSED and not self._plain(1, place)

    def _opens_well(self, place: int) -> bool:
        """Whether the record that begins at a line ahead is closed."""
        return self._open_lines(place + 1, LOOK)[1] == CLOSED


def _why_unreadable(text: str) -> str:
    """Why a record's text cannot be read; empty where it can."""
    if BROKEN in text:
        return "its bytes are invalid in the file's encoding"
    if "\x00" in text:
        return "it holds a NUL byte"
    if len(text) > MOST_TEXT:
        return f"it is longer than {MOST_TEXT} characters"
    return ""


def _unescape(text: str, escape: str) -> str:
    return re.sub(re.escape(escape) + "(.)", r"\1", text, flags=re.S)


def _shown(text: str) -> str:
    return text[: excerpt_length(0)].replace(BROKEN, "\ufffd").replace("\x00", "\ufffd")
