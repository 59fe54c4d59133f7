"""What a file is, read from its own bytes: its kind, its name without endings, where its header and
rows begin, where a list stands in it.

Knows files and a few of their first records. Sets nothing that the records do not show; each
setting comes with its evidence.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.profiling.header_detection import (
    FileSettings,
    detect_headless,
    find_header,
    quote_above,
)
from mesocosm.data.sources.delimited.dialect import Dialect
from mesocosm.data.sources.delimited.header import DELIMITERS
from mesocosm.data.sources.delimited.plain_text import open_plain
from mesocosm.data.sources.delimited.scanner import Scan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ENDINGS = {
    "csv": "csv",
    "tsv": "csv",
    "txt": "csv",
    "tab": "csv",
    "dat": "csv",
    "data": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "parquet": "parquet",
    "pq": "parquet",
    "xlsx": "excel",
    "xls": "excel",
    "xlsb": "excel",
    "ods": "excel",
}
TEXTS = ("csv", "json", "jsonl")
PACKED = ("gz", "bz2", "zst")  # endings of packed text files
LOOKED = 200  # records
LARGEST = 100_000_000  # bytes of a JSON document whose lists are looked for
DEEP = 4  # steps to a list
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # how their files begin


@dataclass(frozen=True)
class _Records:
    """The first records of a file, and the lines on which they begin."""

    cells: list[list[str]]
    lines: list[int]

    @property
    def width(self) -> int:
        """The cells of the first record."""
        return max(map(len, self.cells[:1]), default=0)

    def skip(self, lines: int) -> _Records:
        """The records below some lines."""
        below = sum(line <= lines for line in self.lines)
        return _Records(self.cells[below:], self.lines[below:])


def detect_kind(path: Path) -> tuple[str, str]:
    """The kind of source that reads a file, and the file's name without its endings.

    Raises:
        ConfigValueError: its ending is not known.
    """
    name, endings = path.name, _split_endings(path.name.lower().split("."))
    kind = ENDINGS.get(endings[0]) if endings else None
    if kind is None:
        raise ConfigValueError(
            "",
            Message("data.name_ends_in", file=name, ending=endings[-1])
            if endings
            else Message("data.name_without_ending", file=name),
            Message("data.known_files"),
        )
    stem = name[: -len(".".join(endings)) - 1]
    if len(endings) == 1 and path.is_file():
        kind = _detect_content(path, kind)
    return kind, stem


def _split_endings(parts: list[str]) -> list[str]:
    """The endings of a name that say its kind: the last one, with that before it where the file is
    a packed text.

    Args:
        parts: the parts of the name between points.
    """
    packed = len(parts) > 2 and parts[-1] in PACKED
    if packed and ENDINGS.get(parts[-2]) in TEXTS:
        return parts[-2:]
    return parts[1:][-1:]


def _detect_content(path: Path, kind: str) -> str:
    """The kind that a file's bytes say, else that of its ending."""
    found = _detect_magic(path) or kind
    if found in ("json", "jsonl"):
        return _detect_json(path, found)
    return found


def _detect_magic(path: Path) -> str:
    """The kind that a file's first bytes say, whatever it is called: a workbook or Parquet; empty
    where they say neither.
    """
    with path.open("rb") as handle:
        start = handle.read(8)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(WORKBOOKS):
        return "excel"
    return ""


def _detect_json(path: Path, kind: str) -> str:
    """`jsonl` where the first two lines are an object each, `json` where the first character opens
    a list, else the kind of the ending.
    """
    with path.open("rb") as handle:
        start = handle.read(1 << 20).decode("utf-8-sig", "replace").lstrip()
    lines = filter(str.strip, start.splitlines())
    values = [_read_json(line) for line in islice(lines, 2)]
    if start.startswith("["):
        return kind if _are_lists_by_line(kind, values) else "json"
    if len(values) == 2 and _are_objects(values):
        return "jsonl"
    return kind


def _are_lists_by_line(kind: str, values: Sequence[object]) -> bool:
    """Whether a file that is called so holds a JSON list in each line."""
    return kind == "jsonl" and len(values) == 2 and values[0] is not None


def _are_objects(values: Sequence[object]) -> bool:
    """Whether all of some values are JSON objects."""
    return all(isinstance(value, dict) for value in values)


def _read_json(line: str) -> object:
    """The value of a JSON text, None where it is none."""
    try:
        return cast(object, json.loads(line))
    except (ValueError, RecursionError):
        return None


def find_list(path: Path) -> str:
    """The dotted path of the only list of objects in a JSON document; empty where it is a list
    itself.

    Raises:
        ConfigValueError: there is none, or there are several; they are named.
    """
    if path.stat().st_size > LARGEST:
        return ""
    try:
        document: object = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return ""
    if isinstance(document, list):
        return ""
    found = _list_paths(document, "", DEEP)
    if not found:
        problem = Message("data.without_list_of_objects", file=path.name)
    elif len(found) > 1:
        problem = Message(
            "data.lists_of_objects", file=path.name, count=len(found), paths=tuple(found[:8])
        )
    else:
        return found[0]
    raise ConfigValueError(
        "",
        problem,
        Message("data.one_list_of_objects"),
    )


def _list_paths(node: object, at: str, deep: int) -> list[str]:
    """The dotted paths of the lists of objects in a document."""
    if not isinstance(node, dict) or deep == 0:
        return []
    found: list[str] = []
    for key, value in node.items():
        here = _join_path(at, str(key))
        if isinstance(value, dict):
            found += _list_paths(value, here, deep - 1)
        elif _is_list_of_objects(value) and "." not in str(key):
            found.append(here)
    return found


def _join_path(at: str, key: str) -> str:
    """The dotted path of a key of an object, which is that of the document where it is empty."""
    if at:
        return f"{at}.{key}"
    return key


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and _are_objects(value[:LOOKED])


def detect_csv_settings(
    con: DuckDBPyConnection,
    path: Path,
    encoding: str | None = None,
    delimiter: str | None = None,
    skip: int | None = None,
) -> FileSettings:
    """Settings that a delimited file needs beyond what is found by itself, and the sentence that
    explains them; empty where it needs none.

    A title above the header is skipped where rows of figures have the header's width and nothing
    above it has; a first line of figures over columns of figures is a row.

    Args:
        encoding: how its bytes are read, where it is given outright.
        delimiter: what stands between its cells, where it is given outright.
        skip: how many lines stand above its header or first row, where it is given outright.
    """
    delimiters = (delimiter,) if delimiter else DELIMITERS
    try:
        file = open_plain(con, path, path.name, encoding).path
        looked = [_read_records(file, each) for each in delimiters]
    except (ConfigValueError, OSError):
        return {}, ""
    if skip is not None:
        looked = [records.skip(skip) for records in looked]
        return detect_headless(_find_widest(looked).cells, skip + 1)
    return _detect_titles(looked)


def _detect_titles(looked: Sequence[_Records]) -> FileSettings:
    """The settings that the readings of a file by each delimiter show."""
    titled = [(at, records) for records in looked if (at := find_header(records.cells))]
    widest = _find_widest(looked)
    if not titled or (widest.cells and find_header(widest.cells) == 0):
        return detect_headless(widest.cells)
    at, records = max(titled, key=lambda pair: len(pair[1].cells[pair[0]]))
    return _skip_titles(records, at)


def _skip_titles(records: _Records, at: int) -> FileSettings:
    """The setting that skips what stands above the header, which is the record of a place."""
    line = records.lines[at]
    above = quote_above(records.cells[:at])
    skipped = f"lines 1 to {line - 1} above the header on line {line} are"
    if line == 2:
        skipped = "line 1 above the header on line 2 is"
    return {"skip": line - 1}, f"{skipped} skipped, since they are not rows: {above}"


def _read_records(file: Path, delimiter: str) -> _Records:
    """The first records of a file whose cells stand between a delimiter."""
    records = list(islice(Scan(file, Dialect(delimiter)).records(), LOOKED))
    return _Records([r.cells or [] for r in records], [r.line for r in records])


def _find_widest(looked: Sequence[_Records]) -> _Records:
    """The reading of a file whose first record has the most cells."""
    return max(looked, key=lambda records: records.width, default=_Records([], []))


def detect_excel_settings(rows: Sequence[Sequence[object]]) -> FileSettings:
    """`header` where a title stands above the names of a sheet's columns, and the sentence that
    explains it.
    """
    filled = _Records([], [])
    for number, row in enumerate(rows, start=1):
        cells = list(map(_to_text, row))
        if any(map(str.strip, cells)):
            filled.cells.append(cells)
            filled.lines.append(number)
    at = find_header(filled.cells)
    if not at:
        return {}, ""
    number = filled.lines[at]
    above = quote_above(filled.cells[:at])
    why = f"row {number} holds the names; what is above it is not a row: {above}"
    return {"header": number}, why


def _to_text(value: object) -> str:
    """A cell of a sheet as text, empty for none."""
    if value is None:
        return ""
    return str(value)


def read_sheet(path: Path, sheet: str | None = None) -> list[list[object]]:
    """The first rows of a sheet of a workbook, the first where none is named; none where it cannot
    be read.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).iter_rows()
        return [list(row) for row in islice(rows, LOOKED)]
    except (CalamineError, OSError, ValueError, IndexError, KeyError):
        return []
