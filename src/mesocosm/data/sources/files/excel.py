"""Sheets of Excel and OpenDocument files. Knows calamine; dates come as ISO text, formulas as their
stored value.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import Rows
from mesocosm.data.sources.file_union import Schema, differing_keys
from mesocosm.data.sources.files.excel_formulas import note_formulas, note_merged
from mesocosm.data.sources.path_utils import files_of, name_and_fingerprint
from mesocosm.data.sources.source import SourceKind
from mesocosm.data.sources.spool import unique_names

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from python_calamine import CalamineSheet

MOST_BYTES = 300_000_000  # of a workbook, unpacked
MOST_RATIO = 1100  # bytes that one byte of DEFLATE can stand for, and some more


class Excel(SourceKind):
    """One sheet of an .xlsx, .xls, .xlsb or .ods file.

    A formula gives its stored value. One without a stored value, as programs that write workbooks
    leave them, is missing; so are the cells of a merged range but its first. Both are counted where
    the source is read, and in the report.

    Args:
        path: a path or glob inside the project.
        sheet: the sheet's name; the first where not given.
        header: the row that holds the names, from 1. A second column of one name is `name#2`, one
            without a name at place 3 that holds a value is `column3`.
        schema: what becomes of files whose columns differ: `fail` stops, `evolve` takes all columns
            (missing where a file has none), `ignore` takes those that all files have.

    Source: ECMA-376, Office Open XML.

    >>> Excel(path="data/loans.xlsx").header
    1
    """

    type: Literal["excel"] = "excel"
    path: str
    sheet: str | None = None
    header: int = Field(1, ge=1)
    schema_: Schema = Field("fail", alias="schema")

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the files' bytes and the sheet."""
        return digest(
            [name_and_fingerprint(where, p) for p in files_of(where, self.path)],
            self.sheet,
            self.header,
        )

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the sheet into table `name`; `_line` is the sheet's row.

        Raises:
            ConfigValueError: a file is not a workbook, unpacks to more than `MOST_BYTES`, has no
                such sheet, or files differ in their columns and `schema` is `fail`.
        """
        found = Collected([], 0, {})
        rows = Rows(con)
        columns: dict[str, dict[str, None]] = {}
        for path in files_of(where, self.path):
            label, content = name_and_fingerprint(where, path)
            _refuse_large(path, label)
            named, keys = self._add_rows(path, label, rows, found.notes)
            columns[named] = dict.fromkeys(keys)
            found.files[named] = content
        left = differing_keys(columns, self.schema_)
        rows.show(name)
        found.columns = [c for k, c in rows.named.items() if k not in left]
        found.rows = rows.total
        return found

    def _add_rows(
        self, path: Path, label: str, rows: Rows, notes: list[str]
    ) -> tuple[str, list[str]]:
        """Add the rows of the sheet of a workbook; returns the sheet's label and its columns."""
        sheet, name = self._sheet_of(path, label, notes)
        named = f"{label}#{name}"
        notes += note_formulas(path, name, named)
        notes += note_merged(sheet.merged_cell_ranges or [], self.header, named)
        cells = iter(sheet.iter_rows())
        header = self._header_of(sheet, cells, label, name)
        notes += _note_nameless(header, named)
        header = unique_names(header)
        for column in header:
            rows.column(column)
        for number, row in enumerate(cells, start=self.header + 1):
            values = _values_of(header, row)
            if values:
                rows.add(named, number, values)
        return named, header

    def _sheet_of(self, path: Path, label: str, notes: list[str]) -> tuple[CalamineSheet, str]:
        """The sheet of a workbook and its name."""
        from python_calamine import CalamineError, CalamineWorkbook

        try:
            book = CalamineWorkbook.from_path(path)
        except (CalamineError, OSError, ValueError) as error:
            raise _unreadable_workbook(label) from error
        name = self.sheet or book.sheet_names[0]
        if name not in book.sheet_names:
            raise ConfigValueError(
                "sheet",
                Message("data.no_sheet", file=label, name=name),
                Message("data.a_sheet"),
                book.sheet_names,
                name,
            )
        if self.sheet is None and len(book.sheet_names) > 1:
            notes.append(
                f"'{label}' has {len(book.sheet_names)} sheets and '{name}', the first, is"
                f" read; 'sheet' reads another: {', '.join(map(repr, book.sheet_names[1:9]))}"
            )
        return book.get_sheet_by_name(name), name

    def _header_of(
        self, sheet: CalamineSheet, cells: Iterator[Sequence[object]], label: str, name: str
    ) -> list[str]:
        """The names in the sheet's header, up to the last column that has a name or a value."""
        row = next(islice(cells, self.header - 1, None), None)
        if row is None:
            raise ConfigValueError(
                "header",
                Message("data.sheet_too_short", name=name, file=label, rows=self.header),
                Message("data.header_within"),
            )
        header = [re.sub(r"\s*[\r\n]+\s*", " ", str(c)).strip() for c in row]
        if not any(header):
            raise ConfigValueError(
                "header",
                Message("data.header_row_empty", row=self.header, file=label),
                Message("data.row_of_names"),
            )
        return header[: max(_last_named(header), _last_filled(sheet, self.header))]


def _note_nameless(header: Sequence[str], label: str) -> list[str]:
    """A sentence about columns that have no name; none where there is no such column."""
    nameless = [f"column{place}" for place, name in enumerate(header, start=1) if not name]
    if not nameless:
        return []
    return [f"'{label}' has values under no name, in {', '.join(nameless[:8])}"]


def _values_of(header: Sequence[str], row: Sequence[object]) -> dict[str, object]:
    """The values of a row by their columns; empty where it has none."""
    values = {name: _as_value(cell) for name, cell in zip(header, row, strict=False)}
    if all(value is None for value in values.values()):
        return {}
    return values


def _unreadable_workbook(label: str) -> ConfigValueError:
    return ConfigValueError(
        "path",
        Message("data.not_a_workbook", file=label),
        Message("data.workbook_file"),
    )


def _last_named(header: Sequence[str]) -> int:
    """Columns up to the last one with a name."""
    return max((place for place, c in enumerate(header, start=1) if c), default=0)


def _last_filled(sheet: CalamineSheet, header: int) -> int:
    """Columns up to the last one that holds a value below the header."""
    widest = 0
    for row in islice(sheet.iter_rows(), header, None):
        for place, value in enumerate(row[widest:], start=widest + 1):
            if value is not None and value != "":
                widest = place
    return widest


def _refuse_large(path: Path, label: str) -> None:
    """Refuse a packed workbook that would unpack to more than `MOST_BYTES`, before anything of it
    is kept.

    Raises:
        ConfigValueError: it would, or it is damaged.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as book:
            total = _unpacked_size(path, book.infolist())
    except (zipfile.BadZipFile, OSError, zlib.error, ValueError) as error:
        raise _unreadable_workbook(label) from error
    if total > MOST_BYTES:
        raise ConfigValueError(
            "path",
            Message("data.workbook_too_large", file=label, most=MOST_BYTES // 1000000),
            Message("data.smaller_workbook"),
        )


def _unpacked_size(path: Path, entries: Sequence[zipfile.ZipInfo]) -> int:
    """How many bytes a workbook unpacks to; more than `MOST_BYTES` where it is too many."""
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        return MOST_BYTES + 1
    total = 0
    for entry in entries:  # what an entry says of its size need not be true
        most = entry.compress_size * MOST_RATIO
        if entry.compress_type == zipfile.ZIP_DEFLATED and most > MOST_BYTES // 8:
            total += _inflated_size(path, entry, MOST_BYTES - total)
        else:
            total += min(entry.file_size, most)
    return total


def _inflated_size(path: Path, entry: zipfile.ZipInfo, most: int) -> int:
    """How many bytes an entry unpacks to, counted up to a bound."""
    total, inflater = 0, zlib.decompressobj(-15)
    with path.open("rb") as handle:
        handle.seek(entry.header_offset)
        start = handle.read(30)
        handle.seek(
            int.from_bytes(start[26:28], "little") + int.from_bytes(start[28:30], "little"), 1
        )
        left = entry.compress_size
        while left > 0 and total <= most and (data := handle.read(min(left, 1 << 16))):
            left -= len(data)
            while data and total <= most:
                total += len(inflater.decompress(data, 1 << 20))
                data = inflater.unconsumed_tail
    return total


def _as_value(value: object) -> object:
    """A cell as text or a number; None where it is empty."""
    if value == "" or value is None:
        return None
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _duration(value: timedelta) -> str:
    """An elapsed time as spreadsheets show it: hours, minutes, seconds.

    >>> _duration(timedelta(hours=30)), _duration(timedelta(minutes=-90, milliseconds=500))
    ('30:00:00', '-1:29:59.5')
    """
    total = value // timedelta(microseconds=1)
    whole, micro = divmod(abs(total), 1_000_000)
    part = f".{micro:06d}".rstrip("0") if micro else ""
    return (
        f"{'-' if total < 0 else ''}{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}{part}"
    )
