"""The header of a delimited file: names, delimiter, where rows begin. Knows the first records
only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.sources.delimited.dialect import PAIRS, Dialect
from mesocosm.data.sources.delimited.scanner import Record, Scan
from mesocosm.data.sources.spool import unique_names

if TYPE_CHECKING:
    from mesocosm.data.sources.delimited.csv import Csv

DELIMITERS = (",", ";", "\t", "|")
WIDE_DELIMITERS = ("，", "；", "｜", "、")  # where a header has none of the others
MOST_COLUMNS = 16_384
NO_LINES = Message("data.a_header_line")


@dataclass(frozen=True)
class Header:
    """What the first records say.

    Args:
        names: of the columns, as they are called from here on.
        first_line: physical lines before the first row.
        trailing: whether each row has one more delimiter at its end.
        plain: whether the file's first physical line is its header and its dialect the usual one.
        inside: delimiters inside of the header's cells.
    """

    names: list[str]
    dialect: Dialect
    first_line: int
    trailing: bool
    plain: bool
    inside: int = 0
    note: str = ""


def read_header(path: Path, label: str, settings: Csv) -> Header:
    """Read the header, or take the names that the settings give.

    Raises:
        ConfigValueError: the file is empty, or its header cannot be read.
    """
    dialect = _dialect_of(path, settings)
    scan = Scan(path, dialect, settings.skip)
    records = scan.records()
    first, cells = _first_record(next(records, None), label)
    before: int = settings.skip
    row: Record | None = first
    if settings.header:
        before, row = scan.at, next(records, None)
    own, trailing = _split_trailing(cells, row, settings)
    names = _names_of(own, trailing, settings, label)
    unique = unique_names(names)
    usual = _is_usual(settings, dialect, first) and len(settings.quote) == 1
    plain = usual and not trailing and len(cells) == len(names)
    inside = sum(cell.count(dialect.delimiter) for cell in first.cells or ())
    note = _note_repeated(label, names, unique)
    return Header(unique, dialect, before, trailing, plain, inside, note)


def _dialect_of(path: Path, settings: Csv) -> Dialect:
    """The dialect that the settings name; the delimiter is found where they do not, and quotes of
    full width where all names of the header stand in them.
    """
    delimiter = settings.delimiter or _find_delimiter(path, settings)
    quote = settings.quote
    if quote == '"' and settings.escape is None:
        quote = _find_wide_quote(path, delimiter, settings)
    escape = quote if settings.escape is None else settings.escape
    return Dialect(delimiter, quote, escape, settings.comment or "")


def _find_wide_quote(path: Path, delimiter: str, settings: Csv) -> str:
    """The quote of full width around every name of the header; else the usual one."""
    scan = Scan(path, Dialect("\x00", "", "", settings.comment or ""), settings.skip)
    for line in scan.first_lines(1):
        for mark, closing in PAIRS.items():
            cells = [cell.strip() for cell in line.removeprefix("\ufeff").split(delimiter)]
            if all(len(c) > 1 and c[0] == mark and c[-1] == closing for c in cells):
                return mark
    return settings.quote


def _first_record(first: Record | None, label: str) -> tuple[Record, list[str]]:
    """The first record, and its cells without line ends and outer spaces.

    Raises:
        ConfigValueError: there is no record, or it cannot be read.
    """
    if first is None:
        raise ConfigValueError("path", Message("data.file_empty", file=label), NO_LINES)
    if first.cells is None:
        raise ConfigValueError(
            "path",
            Message("data.first_record_unreadable", file=label, line=first.line, why=first.why),
            NO_LINES,
        )
    cells = [
        re.sub(r"\s*[\r\n]+\s*", " ", cell).strip().removeprefix("\ufeff") for cell in first.cells
    ]
    return first, cells


def _split_trailing(cells: list[str], row: Record | None, settings: Csv) -> tuple[list[str], bool]:
    """The header's cells without one that only a closing delimiter made, and whether each row has
    such a delimiter.

    Args:
        row: the first row, where it can be read; without a header, the first record.
    """
    if row is None or not row.cells:
        return cells, False
    width, closed = len(row.cells), not row.cells[-1]
    if not settings.header:  # the first record is a row
        return cells, _is_one_wider(row.cells, len(settings.names or cells))
    if _ends_nameless(cells) and not settings.names and _is_as_wide(width, closed, len(cells)):
        return cells[:-1], width == len(cells)
    return cells, _is_one_wider(row.cells, len(cells))


def _is_one_wider(row: list[str], names: int) -> bool:
    """Whether a row has one cell more than there are names, and that is empty."""
    return not row[-1] and len(row) == names + 1


def _is_as_wide(width: int, closed: bool, header: int) -> bool:
    """Whether the first row tells that the last cell of the header names nothing.

    Args:
        width: how many cells the row has.
        closed: whether its last cell is empty.
        header: how many cells the header has.
    """
    if width == header - 1:  # the header alone is closed
        return True
    return width == header and closed


def _ends_nameless(cells: list[str]) -> bool:
    """Whether the last cell of a header, but not its only one, is empty."""
    return len(cells) > 1 and not cells[-1]


def _names_of(cells: list[str], trailing: bool, settings: Csv, label: str) -> list[str]:
    """The names of the columns: those given, those of the header, or none.

    Raises:
        ConfigValueError: the names given are more or fewer than the columns, the columns are too
            many, or the header has no name.
    """
    names = cells
    if settings.names:
        names = _given_names(len(cells) - int(trailing and not settings.header), settings, label)
    elif not settings.header:
        names = [""] * len(cells)
    _refuse_too_many(len(names), label)
    if settings.header and not settings.names and not any(names):
        raise ConfigValueError("path", Message("data.header_without_names", file=label), NO_LINES)
    return names


def _refuse_too_many(columns: int, label: str) -> None:
    if columns > MOST_COLUMNS:
        raise ConfigValueError(
            "path",
            Message("data.too_many_columns", file=label, columns=columns),
            Message("data.at_most", most=MOST_COLUMNS),
        )


def _given_names(columns: int, settings: Csv, label: str) -> list[str]:
    """The names that the settings give, which are as many as the columns."""
    names = list(settings.names)
    if len(names) != columns:
        raise ConfigValueError(
            "names",
            Message("data.names_and_columns", names=len(names), file=label, columns=columns),
            Message("data.names_expected", names=columns),
        )
    return names


def _is_usual(settings: Csv, dialect: Dialect, first: Record) -> bool:
    """Whether the file's first physical line is its header, and its dialect the usual one."""
    return (
        settings.header
        and not settings.skip
        and not settings.comment
        and first.line == 1
        and first.lines == 1
        and dialect.escape == dialect.quote
    )


def _note_repeated(label: str, names: list[str], unique: list[str]) -> str:
    """A sentence about columns that got another name, as one of theirs came before; or nothing."""
    renamed = [
        f"'{new}' (column {place})"
        for place, (name, new) in enumerate(zip(names, unique, strict=True), start=1)
        if name and new != name
    ]
    if not renamed:
        return ""
    return (
        f"'{label}' has more than one column of a name, or one that differs in case only; the later"
        f" ones are {', '.join(renamed[:8])}"
    )


def _find_delimiter(path: Path, settings: Csv) -> str:
    """The delimiter most seen in the first record, outside of quotes."""
    dialect = Dialect("\x00", settings.quote, settings.quote, settings.comment or "")
    text = "\n".join(Scan(path, dialect, settings.skip).first_lines(50))
    record = text.split("\n", 1)[0]
    if settings.quote:
        q = re.escape(settings.quote)
        start = re.match(rf"(?:[^{q}\n]|{q}(?:[^{q}]|{q}{q})*+{q})*+", text)
        if start and start[0]:
            record = start[0]
        record = re.sub(rf"{q}(?:[^{q}]|{q}{q})*+{q}", "", record)
    best = max(DELIMITERS, key=record.count)
    if best not in record:
        return _find_wide_delimiter(text) or best
    return best


def _find_wide_delimiter(text: str) -> str:
    """The full-width delimiter that stands equally often in every line of a text; empty where none
    does, since sentences have such marks too.
    """
    quoted = "|".join(f"{start}[^{end}]*{end}" for start, end in PAIRS.items())
    bare = re.sub(quoted, "", text)
    lines = [line for line in bare.splitlines() if line.strip()]
    for mark in WIDE_DELIMITERS:
        counts = {line.count(mark) for line in lines}
        if len(lines) > 1 and len(counts) == 1 and counts != {0}:
            return mark
    return ""
