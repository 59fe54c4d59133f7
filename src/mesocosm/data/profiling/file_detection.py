"""What a file is, read from its own bytes: its kind, its name without endings, where its header and
rows begin, where a list stands in it.

Knows files and a few of their first records. Sets nothing that the records do not show; each
setting comes with its evidence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from mesocosm.core.errors import Wrong
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
PACKED = ("gz", "bz2", "zst")  # endings of packed text files
LOOKED = 200  # records
TITLES = 30  # records that may stand above a header
LARGEST = 100_000_000  # bytes of a JSON document whose lists are looked for
DEEP = 4  # steps to a list
NUMBER = re.compile(r"\s*[-+]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][-+]?\d+)?\s*%?\s*")


def kind_of(path: Path) -> tuple[str, str]:
    """The kind of source that reads a file, and the file's name without its endings.

    Raises:
        Wrong: its ending is not known.
    """
    name, parts = path.name, path.name.lower().split(".")
    ending = parts[-1] if len(parts) > 1 else ""
    packed = (
        len(parts) > 2 and ending in PACKED and ENDINGS.get(parts[-2]) in ("csv", "json", "jsonl")
    )
    kind = ENDINGS.get(parts[-2] if packed else ending)
    if kind is None:
        raise Wrong(
            "",
            f"'{name}' ends in '.{ending}'" if ending else f"'{name}' has no ending",
            "a file that ends in .csv, .tsv, .jsonl, .json (these also with .gz, .bz2 or .zst),"
            " .parquet or .xlsx",
        )
    stem = name[: -len(".".join(parts[-2:] if packed else parts[-1:])) - 1]
    if not packed and path.is_file():
        kind = _magic(path) or (_json_kind(path, kind) if kind in ("json", "jsonl") else kind)
    return kind, stem


def _magic(path: Path) -> str:
    """The kind that a file's first bytes say, whatever it is called: a workbook or Parquet; empty
    where they say neither.
    """
    with path.open("rb") as handle:
        start = handle.read(8)
    if start.startswith(b"PAR1"):
        return "parquet"
    return "excel" if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) else ""


def _json_kind(path: Path, kind: str) -> str:
    """`jsonl` where the first two lines are an object each, `json` where the first character opens
    a list, else the kind of the ending.
    """
    with path.open("rb") as handle:
        start = handle.read(1 << 20).decode("utf-8-sig", "replace").lstrip()
    lines = [line for line in start.splitlines() if line.strip()][:2]
    if start.startswith("["):
        return (
            "json"
            if not (kind == "jsonl" and len(lines) == 2 and _read(lines[0]) is not None)
            else kind
        )
    objects = [isinstance(_read(line), dict) for line in lines]
    return "jsonl" if len(lines) == 2 and all(objects) else kind


def _read(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def list_in(path: Path) -> str:
    """The dotted path of the only list of objects in a JSON document; empty where it is a list
    itself.

    Raises:
        Wrong: there is none, or there are several; they are named.
    """
    if path.stat().st_size > LARGEST:
        return ""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return ""
    if isinstance(document, list):
        return ""
    found = _lists(document, "", DEEP)
    if len(found) != 1:
        raise Wrong(
            "",
            f"'{path.name}' has {'no list' if not found else f'{len(found)} lists'} of"
            f" objects{': ' + ', '.join(found[:8]) if found else ''}",
            "one list of objects; a source of 'type: json' with 'at' names one of several",
        )
    return found[0]


def _lists(node: Any, at: str, deep: int) -> list[str]:
    if not isinstance(node, dict) or deep == 0:
        return []
    found: list[str] = []
    for key, value in node.items():
        here = f"{at}.{key}" if at else str(key)
        if (
            isinstance(value, list)
            and value
            and all(isinstance(v, dict) for v in value[:LOOKED])
            and "." not in str(key)
        ):
            found.append(here)
        elif isinstance(value, dict):
            found += _lists(value, here, deep - 1)
    return found


def csv_settings(
    con: Any,
    path: Path,
    encoding: str | None = None,
    delimiter: str | None = None,
    skip: int | None = None,
) -> tuple[dict[str, Any], str]:
    """Settings that a delimited file needs beyond what is found by itself, and the sentence that
    speaks for them; empty where it needs none.

    A title above the header is skipped where rows of figures have the header's width and nothing
    above it has; a first line of figures over columns of figures is a row.

    Args:
        encoding: how its bytes are read, where it is given outright.
        delimiter: what stands between its cells, where it is given outright.
        skip: how many lines stand above its header or first row, where it is given outright.
    """
    looked: list[tuple[list[list[str]], list[int]]] = []
    try:
        file = open_plain(con, path, path.name, encoding).path
        for each in (delimiter,) if delimiter else DELIMITERS:
            records = list(islice(Scan(file, Dialect(each)).records(), LOOKED))
            looked.append(([r.cells or [] for r in records], [r.line for r in records]))
    except (Wrong, OSError):
        return {}, ""
    if skip is not None:
        below = [
            [row for row, line in zip(cells, lines, strict=True) if line > skip]
            for cells, lines in looked
        ]
        return headless(
            max((cells for cells in below if cells), key=lambda cells: len(cells[0]), default=[]),
            skip + 1,
        )
    found = [(at, cells, lines) for cells, lines in looked if (at := header_at(cells))]
    widest = max(
        (cells for cells, _ in looked if cells), key=lambda cells: len(cells[0]), default=[]
    )
    if not found or (widest and header_at(widest) == 0):
        return headless(widest)
    at, cells, lines = max(found, key=lambda f: len(f[1][f[0]]))
    line = lines[at]
    above = "; ".join(repr(" ".join(c for c in row if c)[:40]) for row in cells[:at][:3])
    many = f"line {line - 1}" if line == 2 else f"lines 1 to {line - 1}"
    return (
        {"skip": line - 1},
        (
            f"{many} above the header on line {line} {'is' if line == 2 else 'are'} skipped, being"
            f" no rows: {above}"
        ),
    )


def headless(cells: Sequence[Sequence[str]], line: int = 1) -> tuple[dict[str, Any], str]:
    """`header: false` where the first record, which begins on `line`, is a row of figures over
    columns of figures; a run of years is a header.
    """
    head, rows = cells[0] if cells else [], cells[1:]
    if len(rows) < 3 or len(head) < 2:
        return {}, ""
    figures = [
        i
        for i in range(len(head))
        if sum(bool(NUMBER.fullmatch(r[i])) for r in rows if i < len(r)) >= 0.9 * len(rows)
    ]
    said = [head[i] for i in figures]
    if not figures or not all(NUMBER.fullmatch(c) for c in said):
        return {}, ""
    whole = [int(c) for c in said if re.fullmatch(r"\s*\d{1,6}\s*", c)]
    if len(whole) == len(said) and (
        whole == sorted(set(whole)) or whole == sorted(set(whole), reverse=True)
    ):
        return {}, ""  # years, or other counts, name columns of a wide table
    return (
        {"header": False},
        (
            f"line {line} is a row, since it holds figures where the rows below hold figures"
            f" ({', '.join(repr(c) for c in said[:3])}), so the columns have no names; 'names'"
            " gives them some"
        ),
    )


def header_at(cells: Sequence[Sequence[str]]) -> int | None:
    """The place of the record that names the columns of most records; None where there is no such
    record.

    >>> header_at([["Report"], ["a", "b"], ["1", "2"], ["3", "4"]])
    1
    >>> header_at([["a", "b"], ["1", "2"]])
    0
    """
    widths = [len(_trimmed(row)) for row in cells]
    for at in range(min(TITLES, len(cells))):
        row = _trimmed(cells[at])
        below = [len(r) for r in cells[at + 1 :]]
        if (
            len(row) < 2
            or any(not c.strip() for c in row)
            or len({c.strip().casefold() for c in row}) < len(row)
        ):
            continue
        if below and sum(w in (len(row), len(cells[at])) for w in below) < 0.9 * len(below):
            continue
        if at and (
            any(w > 2 or w == len(row) for w in widths[:at])
            or not _over_figures(row, cells[at + 1 :])
        ):
            # what stands above has the shape of rows too, or nothing tells names from values
            return None
        return at if below else None
    return None


def _over_figures(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a record bears no figures and some column below it holds nothing else."""
    if any(NUMBER.fullmatch(c) for c in row):
        return False
    columns = [[r[i] for r in below if i < len(r) and r[i].strip()] for i in range(len(row))]
    return any(c and all(NUMBER.fullmatch(v) for v in c) for c in columns)


def _trimmed(row: Sequence[str]) -> list[str]:
    """A record without empty cells at its end."""
    found = list(row)
    while found and not found[-1].strip():
        found.pop()
    return found


def excel_settings(rows: Sequence[Sequence[Any]]) -> tuple[dict[str, Any], str]:
    """`header` where a title stands above the names of a sheet's columns, and the sentence that
    speaks for it.
    """
    cells = [["" if v is None else str(v) for v in row] for row in rows]
    filled = [
        (number, row) for number, row in enumerate(cells, start=1) if any(c.strip() for c in row)
    ]
    at = header_at([row for _, row in filled])
    if not at:
        return {}, ""
    number = filled[at][0]
    above = "; ".join(repr(" ".join(c for c in row if c)[:40]) for _, row in filled[:at][:3])
    return {
        "header": number
    }, f"row {number} holds the names; what stands above it is no row: {above}"


def sheet_rows(path: Path, sheet: str | None = None) -> list[list[Any]]:
    """The first rows of a sheet of a workbook, the first where none is named; none where it cannot
    be read.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        return [
            list(row)
            for row in islice(
                book.get_sheet_by_name(sheet or book.sheet_names[0]).iter_rows(), LOOKED
            )
        ]
    except (CalamineError, OSError, ValueError, IndexError, KeyError):
        return []
