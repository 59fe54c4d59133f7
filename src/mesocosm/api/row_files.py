"""Rows of a file to predict, a block at a time, read as the build reads them. Knows Arrow, JSON
lines and the CSV source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.values.json_keys import KeyTwice, load_once
from mesocosm.data.sources.delimited.csv import Csv
from mesocosm.data.sources.delimited.encodings import decode, find_encoding
from mesocosm.data.sources.delimited.header import Header, read_header
from mesocosm.data.sources.delimited.plain_text import Plain, open_plain
from mesocosm.data.sources.delimited.scanner import Scan
from mesocosm.data.sources.files.parquet_exact import keep_exact

BLOCK = 500  # rows of one request
ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".parquet")
# encodings whose texts may be valid UTF-8 by chance
SEVERAL_BYTES = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr")


@dataclass(frozen=True)
class Line:
    """A row of a file; `why` is the reason where it is unreadable."""

    row: dict[str, Any]
    why: str = ""


@dataclass
class Rows:
    """The rows of a file by blocks.

    Args:
        names: its columns, where they are known before the rows are.
        total: how many rows there are, where that is known.
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
        required: those that a row must have.
        columns: the column of the source that each field of the dataset is read from.
        target: the field that is predicted.
        csv: the source, where it is one of delimited files.
    """

    names: frozenset[str]
    required: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: {})
    target: str = ""
    csv: Csv | None = None

    def named(self, header: Iterable[str]) -> dict[str, str]:
        """For each field the column of a file that it is read from: that of its own name or, where
        there is none, that of the source.

        Raises:
            MesocosmError: a column has the name of a field, and another field is read from a
                column of this name in the source.
        """
        there = set(header)
        found = {}
        for name in self.names:
            column = self.columns.get(name, name)
            if name != column and {name, column} <= there:
                self._refuse_ambiguous(name, column)
            if name in there:
                found[name] = name
            elif column in there:
                found[name] = column
        return found

    def _refuse_ambiguous(self, name: str, column: str) -> None:
        """Refuse a file with both a field's name and its column, where the source's column of that
        name is another field's.
        """
        for other, of_other in self.columns.items():
            if of_other == name and other != name:
                raise MesocosmError(
                    Message("lifecycle.ambiguous_column", name=name, other=other, column=column)
                )

    def fits(self, header: Iterable[str]) -> bool:
        """Whether a file with these columns has all that a row must have."""
        return set(self.required) <= set(self.named(header))


def read_rows(path: Path, origin: Origin) -> Rows:
    """The rows of a file, as its ending says.

    Raises:
        ConfigValueError: its ending is not known.
        MesocosmError: it cannot be read.
    """
    if path.suffix not in ENDINGS:
        raise ConfigValueError(
            "",
            Message("lifecycle.file_ending", file=path.name, suffix=path.suffix),
            Message("lifecycle.one_of_choices"),
            ENDINGS,
            path.suffix,
        )
    if not path.is_file():
        raise MesocosmError(Message("lifecycle.path_missing", path=str(path)))
    if path.suffix == ".jsonl":
        return Rows(_group(_read_json_lines(path)))
    try:
        if path.suffix == ".parquet":
            return _read_parquet(path)
        return _read_delimited(path, origin)
    except ConfigValueError as wrong:
        raise MesocosmError(
            Message(
                "api.file_unreadable", path=str(path), found=wrong.found, expected=wrong.expected
            )
        ) from wrong


def _group(lines: Iterable[Line]) -> Iterator[list[Line]]:
    each = iter(lines)
    while block := list(islice(each, BLOCK)):
        yield block


def _read_parquet(path: Path) -> Rows:
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
        raise MesocosmError(
            Message(
                "lifecycle.path_unreadable", path=str(path), reason=str(error).splitlines()[0][:120]
            )
        ) from error

    def blocks() -> Iterator[list[Line]]:
        with con, file:
            for batch in file.iter_batches(BLOCK):
                columns = [_exact_column(column) for column in batch.columns]
                exact_batch = pa.RecordBatch.from_arrays(columns, batch.schema.names)
                yield [Line(row) for row in exact_batch.to_pylist()]

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


def _read_delimited(path: Path, origin: Origin) -> Rows:
    """The rows of a delimited file; an unreadable line is refused alone.

    Raises:
        ConfigValueError: it has no header, or its encoding is not known.
    """
    import duckdb

    con = duckdb.connect()  # it holds the folder of a copy in UTF-8
    encoding, notes = _choose_encoding(path, origin.csv)
    file = open_plain(con, path, path.name, encoding)
    note, head = _read_header(file, path.name, origin)
    if note:
        notes.append(note)
    notes += [note for note in (file.note, head.note) if note]

    def lines() -> Iterator[Line]:
        with con:
            scan = Scan(file.path, head.dialect, head.first_line, len(head.names), head.trailing)
            for record in scan.records():
                if record.cells is None:
                    yield Line({}, f"line {record.line}: {record.why}")
                    continue
                cells = zip(head.names, record.cells, strict=True)
                yield Line({name: cell or None for name, cell in cells})

    return Rows(_group(lines()), head.names, None, notes)


def _choose_encoding(path: Path, source: Csv | None) -> tuple[str | None, list[str]]:
    """The encoding of the source, or the one that the bytes prove where that is another; None where
    it has to be found.
    """
    if source is None or source.encoding is None:
        return None, []
    usual = source.encoding
    proven = _prove_encoding(path, usual)
    if proven is None:
        return usual, []
    if usual in SEVERAL_BYTES and not _has_replacements(path, usual):
        return usual, [
            f"'{path.name}' is read as {usual}, as its source is; its bytes are valid {proven} too"
        ]
    return proven, [
        f"'{path.name}' is read as {proven}, which its bytes prove, though its source is"
        f" read as {usual}"
    ]


def _prove_encoding(path: Path, usual: str) -> str | None:
    """Another encoding than the usual one that the bytes of a file prove; None where there is
    none.
    """
    found = find_encoding(path)
    if found is None or found.guess or found.broken or found.encoding == usual:
        return None
    if all(text.isascii() for text in decode(path, found.encoding)):
        return None
    return found.encoding


def _has_replacements(path: Path, encoding: str) -> bool:
    """Whether some bytes of a file are invalid in an encoding."""
    return any("\ufffd" in text for text in decode(path, encoding, "replace"))


def _read_header(file: Plain, label: str, origin: Origin) -> tuple[str, Header]:
    """The header by the first reading that gives all that a row must have, and a sentence where
    that is not the source's.

    A file's own header comes before names that the source's settings give, so that columns in
    another order are not mixed up. Where no reading gives all, the file is read by its own header
    alone, and each row has the reason what it lacks.
    """
    for note, settings in _list_readings(label, origin):
        try:
            head = read_header(file.path, label, settings)
        except ConfigValueError:
            continue
        if origin.fits(head.names):
            return note, head
    return "", read_header(file.path, label, Csv(path="rows.csv"))


def _list_readings(label: str, origin: Origin) -> Iterator[tuple[str, Csv]]:
    """The ways in which a delimited file may be read, the likeliest first, each with a sentence."""
    usual, source = Csv(path="rows.csv"), origin.csv
    if source is None:
        yield "", usual
        return
    if source.names or not source.header:
        yield (
            f"'{label}' is read by its own header, not by the names that its source is given",
            source.model_copy(update={"names": (), "header": True}),
        )
    yield "", source
    target = origin.columns.get(origin.target, origin.target)
    if target in source.names:
        others = tuple(name for name in source.names if name != target)
        yield (
            f"'{label}' is read by the names of its source without '{target}'",
            source.model_copy(update={"names": others}),
        )
    yield (
        f"'{label}' is read as a plain file with a header, since by the settings of its source it"
        " lacks required columns",
        usual,
    )


def _read_json_lines(path: Path) -> Iterator[Line]:
    """The rows of a file of JSON lines; a line that is not an object is refused alone."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _read_json_line(line, number)


def _read_json_line(line: bytes, number: int) -> Line:
    try:
        row = load_once(line.decode("utf-8-sig"))
    except KeyTwice as error:
        return Line({}, f"line {number}: {error}")
    except (ValueError, RecursionError) as error:
        return Line({}, f"line {number} is not JSON ({error})")
    if isinstance(row, dict):
        return Line(row)
    return Line({}, f"line {number} is not an object; expected one row as an object a line")
