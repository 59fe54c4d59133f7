"""Delimited text files: every cell is text, every physical line is a row, header, blank, comment,
skipped or quarantined line.

Knows DuckDB's reader for files in which it is proven that lines and rows agree, and the scan for
all others. Knows nothing of types: a field gives its column one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.delimited.dialect import Dialect
from mesocosm.data.sources.delimited.encodings import Encoding
from mesocosm.data.sources.delimited.fast_reader import read_fast
from mesocosm.data.sources.delimited.header import Header, read_header
from mesocosm.data.sources.delimited.lines import excerpt_length
from mesocosm.data.sources.delimited.plain_text import open_plain
from mesocosm.data.sources.delimited.scanner import Scan
from mesocosm.data.sources.file_union import Part, Schema, unite
from mesocosm.data.sources.path_utils import (
    files_of,
    fingerprint_files,
    name_and_fingerprint,
    quote,
)
from mesocosm.data.sources.query_results import count_rows
from mesocosm.data.sources.source import SourceKind
from mesocosm.data.sources.spool import Spool

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass
class Read:
    """The rows of one file as SQL, what could not be read, and where its physical lines are."""

    query: str
    bad: list[tuple[int, str, str]]
    lines: dict[str, int]


class Csv(SourceKind):
    """Files of delimited values, as .csv, .tsv or .txt, also in gzip, bzip2 or Zstandard.

    Column names are those of the header without spaces around them, a line end inside one read as a
    space. The second column `id` is `id#2`, whatever its case; a column without a name at place 3
    is `column3`. A row of another width, an unclosed quote or a NUL byte costs that row only.

    Args:
        path: a path or glob inside the project.
        delimiter: one character; where not given, the one of `, ; tab |` most seen in the header,
            or `，` or `；` where it has none of these and every line has as many.
        encoding: how the bytes are read; where not given, it is found over the whole file and
            reported.
        skip: physical lines before the header.
        header: whether the first record holds the names; without it and `names`, columns are
            `column1`, `column2` and so on.
        names: the names of the columns, in order, in place of the header's.
        quote: the quote character; `""` where there is none. `“` closes with `”`; it is found where
            all names of the header stand in such quotes.
        escape: what stands before a quote inside of quotes; where not given, the quote itself.
        comment: what a line that is not a row begins with, as `#`.
        schema: what becomes of files whose columns differ: `fail` stops, `evolve` takes all columns
            (missing where a file has none), `ignore` takes those that all files have.

    Source: RFC 4180.

    >>> Csv(path="data/*.csv").type
    'csv'
    """

    type: Literal["csv"] = "csv"
    path: str
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    encoding: Encoding | None = None
    skip: int = Field(0, ge=0)
    header: bool = True
    names: tuple[str, ...] = ()
    quote: str = Field('"', max_length=1)
    escape: str | None = Field(None, min_length=1, max_length=1)
    comment: str | None = Field(None, min_length=1, max_length=8)
    schema_: Schema = Field("fail", alias="schema")

    def made_of(self) -> dict[str, Json]:
        """As for every source; an encoding that is found stands for the `utf-8` that was the
        default.
        """
        settings = super().made_of()
        encoding: str = self.encoding or "utf-8"
        if self.encoding == "utf-8":
            encoding = "only utf-8"
        return settings | {"encoding": encoding}

    @model_validator(mode="after")
    def _apart(self) -> Csv:
        if self.delimiter == self.quote or self._names_line_end():
            raise ValueError(Message("config.delimiter_and_quote"))
        return self

    def _names_line_end(self) -> bool:
        """Whether a mark is a character that ends lines, or NUL."""
        marks = (self.delimiter, self.quote, self.escape)
        return any(mark in ("\r", "\n", "\x00") for mark in marks)

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the files' names and bytes."""
        return fingerprint_files(where, self.path)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Show the files as view `name` with `_file` and `_line`, the true line of each file that a
        row begins on.

        Raises:
            ConfigValueError: a file is empty, its encoding is not known, or files differ in their
                columns and `schema` is `fail`.
        """
        found = Collected([], 0, {})
        parts: list[Part] = []
        for path in files_of(where, self.path):
            label, found.files[label] = name_and_fingerprint(where, path)
            file = open_plain(con, path, label, self.encoding)
            head = read_header(file.path, label, self)
            found.notes += [note for note in (file.note, head.note) if note]
            read = self._read(con, file.path, head)
            found.unreadable += [(label, line, text, why) for line, text, why in read.bad]
            found.lines[label] = read.lines
            parts.append(Part(label, head.names, read.query))
        found.columns = unite(con, name, parts, self.schema_)
        found.rows = count_rows(con, quote(name))
        return found

    def _read(self, con: DuckDBPyConnection, path: Path, head: Header) -> Read:
        if head.plain:
            fast = read_fast(con, path, head)
            if fast:
                query, rows = fast
                return Read(query, [], {"physical": rows + 1, "rows": rows, "header": 1})
        read = scan_rows(con, path, head.dialect, head.first_line, head.names, head.trailing)
        if self.skip:
            read.lines |= {"skipped": self.skip, "header": read.lines.get("header", 0) - self.skip}
        return read


def scan_rows(
    con: DuckDBPyConnection,
    path: Path,
    dialect: Dialect,
    skip: int,
    names: Sequence[str],
    trailing: bool,
) -> Read:
    """Read a file record by record.

    Args:
        skip: physical lines before the first row, the header with them.
    """
    scan = Scan(path, dialect, skip, len(names), trailing)
    spool = Spool(con, names)
    bad: list[tuple[int, str, str]] = []
    rows = quarantined = 0
    for record in scan.records():
        if record.cells is None:
            quarantined += record.lines
            bad.append((record.line, record.text[: excerpt_length(len(bad))], record.why))
        else:
            rows += record.lines
            spool.add(record.line, [c or None for c in record.cells], sum(map(len, record.cells)))
    counts = {
        "physical": scan.at,
        "rows": rows,
        "header": min(skip, scan.at),
        **scan.counts,
        "quarantined": quarantined,
    }
    query = f"select _line, * exclude (_line) from {spool.close()}"
    return Read(query, bad, _without_zeros(counts))


def _without_zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
