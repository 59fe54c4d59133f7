"""Rows of a file to predict, a block at a time, read as the build reads them. Knows Arrow, JSON lines and the CSV source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from mesocosm.base.errors import Failure, Wrong
from mesocosm.base.json_keys import KeyTwice, load_once
from mesocosm.govern.sources.csv import Csv
from mesocosm.govern.sources.header import header_of
from mesocosm.govern.sources.plain import plain
from mesocosm.govern.sources.scan import Scan

BLOCK = 500  # rows that are asked for at once
ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Line:
    """A row of a file; `why` says why it cannot be read, where it cannot."""

    row: dict[str, Any]
    why: str = ""


@dataclass
class Rows:
    """The rows of a file by blocks.

    Args:
        total: how many there are, where that is told.
        notes: sentences about how the file is read; known when the first block is.
    """

    blocks: Iterator[list[Line]]
    total: int | None = None
    notes: list[str] = field(default_factory=lambda: [])


def read_rows(path: Path, told: Csv) -> Rows:
    """The rows of a file, as its ending says.

    Args:
        told: how delimited files are read: delimiter, encoding, header and so on.

    Raises:
        Wrong: its ending is not known.
        Failure: it cannot be read.
    """
    if path.suffix not in ENDINGS:
        raise Wrong("", f"'{path.name}' ends in '{path.suffix}'", "one of the choices", ENDINGS, path.suffix)
    if not path.is_file():
        raise Failure(f"{path} is not there")
    if path.suffix == ".jsonl":
        return Rows(_grouped(_json_lines(path)))
    if path.suffix != ".parquet":
        notes: list[str] = []
        return Rows(_grouped(_csv_lines(path, told, notes)), notes=notes)
    import pyarrow as pa
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except pa.ArrowException as error:
        raise Failure(f"{path} cannot be read: {str(error).splitlines()[0][:120]}") from error
    return Rows(([Line(row) for row in batch.to_pylist()] for batch in file.iter_batches(BLOCK)), file.metadata.num_rows)


def _grouped(lines: Iterable[Line]) -> Iterator[list[Line]]:
    each = iter(lines)
    while block := list(islice(each, BLOCK)):
        yield block


def _csv_lines(path: Path, told: Csv, notes: list[str]) -> Iterator[Line]:
    """The rows of a delimited file; a line that is no row is refused alone.

    Raises:
        Failure: it has no header, or its encoding is not known.
    """
    import duckdb

    with duckdb.connect() as con:  # it holds the folder of a copy in UTF-8
        try:
            file = plain(con, path, path.name, told.encoding)
            head = header_of(file.path, path.name, told)
        except Wrong as wrong:
            raise Failure(f"{path}: {wrong.found}; wanted {wrong.wanted}") from wrong
        notes += [note for note in (file.note, head.note) if note]
        scan = Scan(file.path, head.dialect, head.first_line, len(head.names), head.trailing)
        for record in scan.records():
            if record.cells is None:
                yield Line({}, f"line {record.line}: {record.why}")
            else:
                yield Line({name: cell or None for name, cell in zip(head.names, record.cells, strict=True)})


def _json_lines(path: Path) -> Iterator[Line]:
    """The rows of a file of JSON lines; a line that is no object is refused alone."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = load_once(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield Line({}, f"line {number}: {error}" if isinstance(error, KeyTwice) else f"line {number} is no JSON ({error})")
                continue
            yield Line(row) if isinstance(row, dict) else Line({}, f"line {number} is no object; wanted one row as an object a line")
