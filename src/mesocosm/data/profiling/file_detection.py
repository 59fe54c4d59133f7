"""What a file is, read from its own bytes: its kind, its name without endings, where its header and
rows begin, where a list stands in it.

Knows files and a few of their first records. Sets nothing that the records do not show; each
setting comes with its evidence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.sources.delimited.dialect import Dialect
from mesocosm.data.sources.delimited.header import DELIMITERS
from mesocosm.data.sources.delimited.plain_text import open_plain
from mesocosm.data.sources.delimited.scanner import Scan

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
TITLES = 30  # records that may stand above a header
LARGEST = 100_000_000  # bytes of a JSON document whose lists are looked for
DEEP = 4  # steps to a list
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # how their files begin
MOSTLY = 0.9  # share of the records below a header that have its width, or of a column's figures
NUMBER = re.compile(r"\s*[-+]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][-+]?\d+)?\s*%?\s*")


Cells: TypeAlias = Sequence[Sequence[str]]
Settings: TypeAlias = tuple[dict[str, Any], str]  # settings, and the sentence that speaks for them


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
    name, parts = path.name, path.name.lower().split(".")
    endings = parts[1:][-1:]
    packed = len(parts) > 2 and parts[-1] in PACKED
    if packed and ENDINGS.get(parts[-2]) in TEXTS:
        endings = parts[-2:]
    kind = ENDINGS.get(endings[0]) if endings else None
    if kind is None:
        raise ConfigValueError(
            "",
            f"'{name}' ends in '.{parts[-1]}'" if endings else f"'{name}' has no ending",
            Message("data.known_files"),
        )
    stem = name[: -len(".".join(endings)) - 1]
    if len(endings) == 1 and path.is_file():
        kind = _detect_magic(path) or kind
        if kind in ("json", "jsonl"):
            kind = _detect_json(path, kind)
    return kind, stem


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
    lines = [line for line in start.splitlines() if line.strip()]
    values = [_read_json(line) for line in lines[:2]]
    if start.startswith("["):
        lists = kind == "jsonl" and len(values) == 2 and values[0] is not None
        if lists:
            return kind
        return "json"
    if len(values) == 2 and all(isinstance(value, dict) for value in values):
        return "jsonl"
    return kind


def _read_json(line: str) -> Any:
    """The value of a JSON text, None where it is none."""
    try:
        return json.loads(line)
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
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return ""
    if isinstance(document, list):
        return ""
    found = _list_paths(document, "", DEEP)
    if not found:
        has = "no list of objects"
    elif len(found) > 1:
        has = f"{len(found)} lists of objects: {', '.join(found[:8])}"
    else:
        return found[0]
    raise ConfigValueError(
        "",
        f"'{path.name}' has {has}",
        "one list of objects; a source of 'type: json' with 'at' names one of several",
    )


def _list_paths(node: Any, at: str, deep: int) -> list[str]:
    """The dotted paths of the lists of objects in a document."""
    if not isinstance(node, dict) or deep == 0:
        return []
    found: list[str] = []
    for key, value in node.items():
        here = f"{at}.{key}" if at else str(key)
        if isinstance(value, dict):
            found += _list_paths(value, here, deep - 1)
        elif _is_list_of_objects(value) and "." not in str(key):
            found.append(here)
    return found


def _is_list_of_objects(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value[:LOOKED])
    )


def detect_csv_settings(
    con: Any,
    path: Path,
    encoding: str | None = None,
    delimiter: str | None = None,
    skip: int | None = None,
) -> Settings:
    """Settings that a delimited file needs beyond what is found by itself, and the sentence that
    explains them; empty where it needs none.

    A title above the header is skipped where rows of figures have the header's width and nothing
    above it has; a first line of figures over columns of figures is a row.

    Args:
        encoding: how its bytes are read, where it is given outright.
        delimiter: what stands between its cells, where it is given outright.
        skip: how many lines stand above its header or first row, where it is given outright.
    """
    try:
        file = open_plain(con, path, path.name, encoding).path
        delimiters = (delimiter,) if delimiter else DELIMITERS
        looked = [_read_records(file, each) for each in delimiters]
    except (ConfigValueError, OSError):
        return {}, ""
    if skip is not None:
        looked = [records.skip(skip) for records in looked]
        return detect_headless(_find_widest(looked).cells, skip + 1)
    titled = [(at, records) for records in looked if (at := find_header(records.cells))]
    widest = _find_widest(looked)
    if not titled or (widest.cells and find_header(widest.cells) == 0):
        return detect_headless(widest.cells)
    at, records = max(titled, key=lambda pair: len(pair[1].cells[pair[0]]))
    line = records.lines[at]
    above = _quote_above(records.cells[:at])
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


def _quote_above(rows: Cells) -> str:
    """What stands above a header, the first of it."""
    return "; ".join(repr(" ".join(c for c in row if c)[:40]) for row in rows[:3])


def detect_headless(cells: Cells, line: int = 1) -> Settings:
    """`header: false` where the first record, which begins on `line`, is a row of figures over
    columns of figures; a run of years is a header.
    """
    if len(cells) < 4 or len(cells[0]) < 2:
        return {}, ""
    head, *rows = cells
    shown = [head[i] for i in range(len(head)) if _holds_figures(rows, i)]
    if not shown or not all(NUMBER.fullmatch(c) for c in shown) or _is_run(shown):
        return {}, ""
    return (
        {"header": False},
        f"line {line} is a row, since it holds figures where the rows below hold figures"
        f" ({', '.join(repr(c) for c in shown[:3])}), so the columns have no names; 'names'"
        " gives them some",
    )


def _holds_figures(rows: Cells, column: int) -> bool:
    """Whether nearly all cells of a column are figures."""
    figures = sum(bool(NUMBER.fullmatch(row[column])) for row in rows if column < len(row))
    return figures >= MOSTLY * len(rows)


def _is_run(cells: Sequence[str]) -> bool:
    """Whether cells are years, or other counts, in their order: they name columns of a wide
    table.
    """
    if not all(re.fullmatch(r"\s*\d{1,6}\s*", c) for c in cells):
        return False
    numbers = [int(c) for c in cells]
    rising = sorted(set(numbers))
    return numbers in (rising, rising[::-1])


def find_header(cells: Cells) -> int | None:
    """The place of the record that names the columns of most records; None where there is no such
    record.

    >>> find_header([["Report"], ["a", "b"], ["1", "2"], ["3", "4"]])
    1
    >>> find_header([["a", "b"], ["1", "2"]])
    0
    """
    for at in _list_headers(cells):
        row, below = _trim(cells[at]), cells[at + 1 :]
        # what stands above has the shape of rows too, or nothing tells names from values
        above = [len(_trim(other)) for other in cells[:at]]
        if above and (max(above) > 2 or len(row) in above or not _stands_over_figures(row, below)):
            return None
        if below:
            return at
        return None
    return None


def _list_headers(cells: Cells) -> Iterator[int]:
    """The places of records of different names that have the width of nearly all below them."""
    for at, whole in enumerate(cells[:TITLES]):
        row = _trim(whole)
        names = {c.strip().casefold() for c in row}
        if len(row) < 2 or "" in names or len(names) < len(row):
            continue
        below = [len(r) for r in cells[at + 1 :]]
        if sum(width in (len(row), len(whole)) for width in below) >= MOSTLY * len(below):
            yield at


def _stands_over_figures(row: Sequence[str], below: Cells) -> bool:
    """Whether a record bears no figures and some column below it holds nothing else."""
    if any(NUMBER.fullmatch(c) for c in row):
        return False
    for i in range(len(row)):
        column = [r[i] for r in below if i < len(r) and r[i].strip()]
        if column and all(NUMBER.fullmatch(v) for v in column):
            return True
    return False


def _trim(row: Sequence[str]) -> list[str]:
    """A record without empty cells at its end."""
    found = list(row)
    while found and not found[-1].strip():
        found.pop()
    return found


def detect_excel_settings(rows: Sequence[Sequence[Any]]) -> Settings:
    """`header` where a title stands above the names of a sheet's columns, and the sentence that
    explains it.
    """
    filled: list[tuple[int, list[str]]] = []
    for number, row in enumerate(rows, start=1):
        cells = [_to_text(v) for v in row]
        if any(c.strip() for c in cells):
            filled.append((number, cells))
    at = find_header([cells for _, cells in filled])
    if not at:
        return {}, ""
    number, _ = filled[at]
    above = _quote_above([cells for _, cells in filled[:at]])
    why = f"row {number} holds the names; what is above it is not a row: {above}"
    return {"header": number}, why


def _to_text(value: object) -> str:
    """A cell of a sheet as text, empty for none."""
    if value is None:
        return ""
    return str(value)


def read_sheet(path: Path, sheet: str | None = None) -> list[list[Any]]:
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
