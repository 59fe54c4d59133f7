"""The header of a delimited file: names, delimiter, where rows begin. Knows the first records
only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import Wrong
from mesocosm.data.sources.delimited.dialect import Dialect
from mesocosm.data.sources.delimited.scanner import Scan
from mesocosm.data.sources.spool import distinct

if TYPE_CHECKING:
    from mesocosm.data.sources.delimited.csv import Csv

DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS = 16_384
NO_LINES = "a header line"


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


def header_of(path: Path, label: str, told: Csv) -> Header:
    """Read the header, or take the names that the settings give.

    Raises:
        Wrong: the file is empty, or its header cannot be read.
    """
    dialect = Dialect(
        told.delimiter or _delimiter(path, told),
        told.quote,
        told.escape if told.escape is not None else told.quote,
        told.comment or "",
    )
    scan = Scan(path, dialect, told.skip)
    records = scan.records()
    first = next(records, None)
    if first is None:
        raise Wrong("path", f"'{label}' is empty", NO_LINES)
    if first.cells is None:
        raise Wrong(
            "path",
            f"the first record of '{label}', on line {first.line}, cannot be read: {first.why}",
            NO_LINES,
        )
    cells = [re.sub(r"\s*[\r\n]+\s*", " ", c).strip().removeprefix("\ufeff") for c in first.cells]
    before = scan.at if told.header else told.skip
    row = next(records, None) if told.header else first
    width = len(row.cells) if row is not None and row.cells is not None else None
    trailing = False
    if told.header:
        if (
            len(cells) > 1
            and not cells[-1]
            and width in (len(cells), len(cells) - 1)
            and not told.names
        ):
            trailing, cells = (
                width == len(cells) and not (row and row.cells and row.cells[-1]),
                (
                    cells[:-1]
                    if width == len(cells) - 1 or not (row and row.cells and row.cells[-1])
                    else cells
                ),
            )
        elif row is not None and row.cells and width == len(cells) + 1 and not row.cells[-1]:
            trailing = True
    elif told.names and width == len(told.names) + 1 and not first.cells[-1]:
        trailing = True
    if told.names:
        expected = len(cells) - (1 if not told.header and trailing else 0)
        if len(told.names) != expected:
            raise Wrong(
                "names",
                f"{len(told.names)} names, and '{label}' has {expected} columns",
                f"{expected} names",
            )
        cells = list(told.names)
    elif not told.header:
        cells = [""] * len(cells)
    if len(cells) > MOST_COLUMNS:
        raise Wrong("path", f"'{label}' has {len(cells)} columns", f"at most {MOST_COLUMNS}")
    if told.header and not told.names and not any(cells):
        raise Wrong("path", f"the header of '{label}' has no name", NO_LINES)
    usual = (
        told.header
        and not told.skip
        and first.line == 1
        and first.lines == 1
        and not told.comment
        and dialect.escape == dialect.quote
    )
    called = distinct(cells)
    twice = [
        f"'{own}' (column {place})"
        for place, (name, own) in enumerate(zip(cells, called, strict=True), start=1)
        if name and own != name
    ]
    note = (
        f"'{label}' has more than one column of a name, or one that differs in case only; the later"
        f" ones are {', '.join(twice[:8])}"
        if twice
        else ""
    )
    return Header(
        called,
        dialect,
        before,
        trailing,
        usual and not trailing and len(told.quote) == 1 and len(first.cells) == len(cells),
        sum(c.count(dialect.delimiter) for c in first.cells),
        note,
    )


def _delimiter(path: Path, told: Csv) -> str:
    """The delimiter most seen in the first record, outside of quotes."""
    scan = Scan(path, Dialect("\x00", told.quote, told.quote, told.comment or ""), told.skip)
    scan._fill(50 + told.skip)
    lines: Sequence[str] = [
        b
        for b, _ in scan.ahead[told.skip :]
        if b.strip() and not (told.comment and b.startswith(told.comment))
    ]
    text = "\n".join(lines[:50])
    if told.quote:
        q = re.escape(told.quote)
        start = re.match(rf"(?:[^{q}\n]|{q}(?:[^{q}]|{q}{q})*+{q})*+", text)
        record = start[0] if start and start[0] else text.split("\n", 1)[0]
        record = re.sub(rf"{q}(?:[^{q}]|{q}{q})*+{q}", "", record)
    else:
        record = text.split("\n", 1)[0]
    return max(DELIMITERS, key=record.count)
