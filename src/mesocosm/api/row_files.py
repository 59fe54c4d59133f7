"""Rows of a file to predict, a block at a time, read as the build reads them. Knows Arrow, JSON
lines and the CSV source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from mesocosm.core.errors import Failure, Wrong
from mesocosm.core.json_keys import KeyTwice, load_once
from mesocosm.data.sources.delimited.csv import Csv
from mesocosm.data.sources.delimited.encodings import decode, find_encoding
from mesocosm.data.sources.delimited.header import Header, read_header
from mesocosm.data.sources.delimited.plain_text import Plain, open_plain
from mesocosm.data.sources.delimited.scanner import Scan
from mesocosm.data.sources.files.parquet_exact import keep_exact

BLOCK = 500  # rows that are asked for at once
ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".parquet")
SEVERAL_BYTES = (
    "gb18030",
    "big5",
    "shift_jis",
    "euc_jp",
    "euc_kr",
)  # encodings whose texts may be valid UTF-8 by chance


@dataclass(frozen=True)
class Line:
    """A row of a file; `why` says why it cannot be read, where it cannot."""

    row: dict[str, Any]
    why: str = ""


@dataclass
class Rows:
    """The rows of a file by blocks.

    Args:
        names: its columns, where they are known before the rows are.
        total: how many rows there are, where that is told.
        notes: sentences about how the file is read.
    """

    blocks: Iterator[list[Line]]
    names: Sequence[str] = ()
    total: int | None = None
    notes: list[str] = field(default_factory=lambda: [])


@dataclass(frozen=True)
class Origin:
    """Where a service's rows usually come from.

    Args:
        names: the fields that the service reads.
        wanted: those that a row must have.
        columns: the column of the source that each field of the dataset is read from.
        target: the field that is predicted.
        csv: the source, where it is one of delimited files.
    """

    names: frozenset[str]
    wanted: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: {})
    target: str = ""
    csv: Csv | None = None

    def named(self, header: Iterable[str]) -> dict[str, str]:
        """For each field the column of a file that it is read from: that of its own name or, where
        there is none, that of the source.

        Raises:
            Failure: a column has the name of a field, and another field is read from a column of
                this name in the source.
        """
        there = set(header)
        found = {}
        for name in self.names:
            column = self.columns.get(name, name)
            other = next((f for f, c in self.columns.items() if c == name and f != name), "")
            if name in there and column != name and column in there and other:
                raise Failure(
                    f"the column '{name}' may be the field '{name}', or the column of the source"
                    f" that '{other}' is read from; rename it, or leave out '{column}' or '{name}'"
                )
            if name in there or column in there:
                found[name] = name if name in there else column
        return found

    def fits(self, header: Iterable[str]) -> bool:
        """Whether a file with these columns has all that a row must have."""
        return set(self.wanted) <= set(self.named(header))


def read_rows(path: Path, origin: Origin) -> Rows:
    """The rows of a file, as its ending says.

    Raises:
        Wrong: its ending is not known.
        Failure: it cannot be read.
    """
    if path.suffix not in ENDINGS:
        raise Wrong(
            "", f"'{path.name}' ends in '{path.suffix}'", "one of the choices", ENDINGS, path.suffix
        )
    if not path.is_file():
        raise Failure(f"{path} is not there")
    if path.suffix == ".jsonl":
        return Rows(_grouped(_json_lines(path)))
    try:
        return _parquet(path) if path.suffix == ".parquet" else _delimited(path, origin)
    except Wrong as wrong:
        raise Failure(f"{path}: {wrong.found}; wanted {wrong.wanted}") from wrong


def _grouped(lines: Iterable[Line]) -> Iterator[list[Line]]:
    each = iter(lines)
    while block := list(islice(each, BLOCK)):
        yield block


def _parquet(path: Path) -> Rows:
    """The rows of a Parquet file: durations as whole numbers, moments of nanoseconds as text where
    a microsecond is not enough.
    """
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet

    con = duckdb.connect()  # it holds the folder of a copy
    copy, notes = keep_exact(con, path, path.name)
    try:
        file = pyarrow.parquet.ParquetFile(copy, coerce_int96_timestamp_unit="us")
    except (pa.ArrowException, OSError) as error:
        raise Failure(f"{path} cannot be read: {str(error).splitlines()[0][:120]}") from error

    def blocks() -> Iterator[list[Line]]:
        with con, file:
            for batch in file.iter_batches(BLOCK):
                yield [
                    Line(row)
                    for row in pa.RecordBatch.from_arrays(
                        [_exact_column(c) for c in batch.columns], batch.schema.names
                    ).to_pylist()
                ]

    return Rows(blocks(), file.schema_arrow.names, file.metadata.num_rows, notes)


def _exact_column(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_duration(column.type):
        return column.cast(pa.int64())
    if pa.types.is_floating(column.type):  # NaN is missing, as in a build
        return pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        try:
            return column.cast(pa.timestamp("us", column.type.tz))
        except pa.ArrowInvalid:
            return column.cast(pa.string())
    return column


def _delimited(path: Path, origin: Origin) -> Rows:
    """The rows of a delimited file; a line that is no row is refused alone.

    Raises:
        Wrong: it has no header, or its encoding is not known.
    """
    import duckdb

    con = duckdb.connect()  # it holds the folder of a copy in UTF-8
    encoding, notes = _encoding(path, origin.csv)
    file = open_plain(con, path, path.name, encoding)
    told, head = _reading(file, path.name, origin)
    if told:
        notes.append(told)
    notes += [note for note in (file.note, head.note) if note]

    def lines() -> Iterator[Line]:
        with con:
            scan = Scan(file.path, head.dialect, head.first_line, len(head.names), head.trailing)
            for record in scan.records():
                if record.cells is None:
                    yield Line({}, f"line {record.line}: {record.why}")
                else:
                    yield Line(
                        {
                            name: cell or None
                            for name, cell in zip(head.names, record.cells, strict=True)
                        }
                    )

    return Rows(_grouped(lines()), head.names, None, notes)


def _encoding(path: Path, told: Csv | None) -> tuple[str | None, list[str]]:
    """The encoding that the source has, or the one that the bytes prove where that is another; None
    where it has to be found.
    """
    if told is None or told.encoding is None:
        return None, []
    found = find_encoding(path)
    if (
        found is None
        or found.guess
        or found.broken
        or found.encoding == told.encoding
        or all(text.isascii() for text in decode(path, found.encoding))
    ):
        return told.encoding, []
    if told.encoding in SEVERAL_BYTES and not any(
        "\ufffd" in text for text in decode(path, told.encoding, "replace")
    ):
        return told.encoding, [
            f"'{path.name}' is read as {told.encoding}, as its source is; its bytes are valid"
            f" {found.encoding} too"
        ]
    return found.encoding, [
        f"'{path.name}' is read as {found.encoding}, which its bytes prove, though its source is"
        f" read as {told.encoding}"
    ]


def _reading(file: Plain, label: str, origin: Origin) -> tuple[str, Header]:
    """The header by the first way of reading it that gives all that a row must have, and a sentence
    where that is not the source's.

    A file's own header comes before names that the source's settings give, so that columns in
    another order are not mixed up. Where no way gives all, the file is read by its own header
    alone, and each row is told what it lacks.
    """
    usual = Csv(path="rows.csv")
    ways: list[tuple[str, Csv]] = []
    if (told := origin.csv) is not None:
        if told.names or not told.header:
            ways.append(
                (
                    (
                        f"'{label}' is read by its own header, not by the names that its source is"
                        " given"
                    ),
                    told.model_copy(update={"names": (), "header": True}),
                )
            )
        ways.append(("", told))
        target = origin.columns.get(origin.target, origin.target)
        if target in told.names:
            ways.append(
                (
                    f"'{label}' is read by the names of its source without '{target}'",
                    told.model_copy(update={"names": tuple(n for n in told.names if n != target)}),
                )
            )
        ways.append(
            (
                (
                    f"'{label}' is read as a plain file with a header, since by the settings of its"
                    " source it lacks columns that are wanted"
                ),
                usual,
            )
        )
    else:
        ways.append(("", usual))
    for note, way in ways:
        try:
            head = read_header(file.path, label, way)
        except Wrong:
            continue
        if origin.fits(head.names):
            return note, head
    return "", read_header(file.path, label, usual)


def _json_lines(path: Path) -> Iterator[Line]:
    """The rows of a file of JSON lines; a line that is no object is refused alone."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = load_once(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield Line(
                    {},
                    (
                        f"line {number}: {error}"
                        if isinstance(error, KeyTwice)
                        else f"line {number} is no JSON ({error})"
                    ),
                )
                continue
            yield (
                Line(row)
                if isinstance(row, dict)
                else Line({}, f"line {number} is no object; wanted one row as an object a line")
            )
