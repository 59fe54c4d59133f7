"""DuckDB's CSV reader, for files in which counting proves that it read each line as one record.

One pass over the bytes counts lines, quotes and delimiters; what the engine read must add up to
them, or nothing is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.data.sources.delimited.encodings import blocks
from mesocosm.data.sources.delimited.header import Header
from mesocosm.data.sources.path_utils import literal_path, parquet_sql, quote, text
from mesocosm.data.sources.query_results import count_rows, read_counts
from mesocosm.data.sources.spool import new_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST_LINE = 2_000_000
MOST_LINE = 16_000_000
WIDE = 300  # columns from which the engine's reader needs more memory than the scan
FAT = 8_000  # bytes of a line, on average, from which it does


@dataclass
class Counts:
    """Counts over the bytes of a file."""

    ends: int = 0
    pairs: int = 0
    returns: int = 0
    quotes: int = 0
    delimiters: int = 0
    closing: int = 0  # delimiters at the end of a line
    blank: int = 0
    longest: int = 0  # bytes of the longest line, or more
    zeros: bool = False
    last: bytes = b""

    @property
    def lines(self) -> int:
        """How many lines there are, the last one also without a line end."""
        return self.ends + (self.last not in (b"\n", b""))

    @property
    def one_record_a_line(self) -> bool:
        """Whether no line is blank or too long, no byte is zero and no line ends in CR alone."""
        return not (
            self.zeros or self.blank or self.returns != self.pairs or self.longest > MOST_LINE
        )

    @property
    def mixed_ends(self) -> bool:
        """Whether some lines end in CRLF and others in LF."""
        return 0 < self.pairs < self.ends


def count_bytes(path: Path, delimiter: str, quote: str) -> Counts:
    """One pass over the bytes."""
    found = Counts()
    d, q = delimiter.encode(), quote.encode()
    tail = b"\n"
    run = 0
    for block in blocks(path):
        ends = block.count(b"\n")
        found.ends += ends
        found.quotes += block.count(q)
        found.delimiters += block.count(d)
        found.zeros = found.zeros or b"\x00" in block
        joint = tail + block
        returns = block.count(b"\r")
        if returns:
            found.returns += returns
            found.pairs += joint.count(b"\r\n")
            found.blank += joint.count(b"\n\r\n") + joint.count(b"\n\n")
        else:
            found.blank += joint.count(b"\n\n")
        if ends:
            first, last = block.find(b"\n"), block.rfind(b"\n")
            found.longest = max(found.longest, run + first, last - first)
            run = len(block) - last
        else:
            run += len(block)
        tail = block[-1:]
    found.longest = max(found.longest, run)
    found.last = tail
    return found


def read_fast(con: DuckDBPyConnection, path: Path, head: Header) -> tuple[str, int] | None:
    """SQL of the rows, and how many they are; None where it is not proven that they are right."""
    if not _is_readable(head):
        return None
    counted = count_bytes(path, head.dialect.delimiter, head.dialect.quote)
    if not counted.one_record_a_line or path.stat().st_size > FAT * max(counted.lines, 1000):
        return None
    file = new_path(con, "parquet")
    rejects = _copy_rows(con, path, head, max(LEAST_LINE, counted.longest + 2), file)
    if rejects is None:
        return None
    read = parquet_sql(file, "file_row_number=true")
    if not rejects and _adds_up(con, read, head, counted):
        query = f"select file_row_number + 2 as _line, * exclude (file_row_number) from {read}"
        return query, counted.lines - 1
    file.unlink(missing_ok=True)
    return None


def _is_readable(head: Header) -> bool:
    """Whether the engine's reader takes the header, and reads it in bounded memory."""
    return (
        len(head.names) <= WIDE
        and "file_row_number" not in map(str.casefold, head.names)
        and head.dialect.delimiter.isascii()
        and head.dialect.quote.isascii()
    )


def _copy_rows(
    con: DuckDBPyConnection, path: Path, head: Header, longest: int, file: Path
) -> int | None:
    """Have the engine read a file into a Parquet file.

    Args:
        longest: the most bytes of a line.

    Returns:
        How many rows it rejected; None where it fails.
    """
    import duckdb

    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in head.names)
    call = (
        f"read_csv({text(literal_path(path))}, hive_partitioning=false, header=true, skip=0,"
        f" auto_detect=false, delim={text(head.dialect.delimiter)},"
        f" quote={text(head.dialect.quote)}, escape={text(head.dialect.quote)},"
        f" columns={{{columns}}}, store_rejects=true, null_padding=false, strict_mode=true,"
        f" encoding='utf-8', max_line_size={longest})"
    )
    try:
        con.execute(
            f"copy (select * from {call}) to {text(str(file))} (format parquet, compression"
            " lz4_raw, dictionary_size_limit 2000)"
        )
        return count_rows(con, "reject_errors")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        file.unlink(missing_ok=True)
        return None
    finally:
        for table in ("reject_errors", "reject_scans"):
            con.execute(f"drop table if exists {table}")


def _adds_up(con: DuckDBPyConnection, read: str, head: Header, counted: Counts) -> bool:
    """Whether each line but the header is a row, and delimiters, and where line ends are mixed the
    line ends, are all where rows have theirs.
    """
    if count_rows(con, read) != counted.lines - 1:
        return False
    if counted.mixed_ends and _has_stray_ends(con, read, head):
        return False
    expected = (len(head.names) - 1) * counted.lines
    if counted.delimiters == expected:
        return True
    if not counted.quotes:
        return False
    return counted.delimiters - expected == _count_inside(con, read, head) + head.inside


def _has_stray_ends(con: DuckDBPyConnection, read: str, head: Header) -> bool:
    """Whether the last cell of some row ends in CR."""
    return count_rows(con, read, f"{quote(head.names[-1])} like '%' || chr(13)") > 0


def _count_inside(con: DuckDBPyConnection, read: str, head: Header) -> int:
    """How many delimiters stand inside of cells."""
    delimiter = text(head.dialect.delimiter)
    cells = map(quote, head.names)
    counts = [
        f"coalesce(sum(strlen({cell}) - strlen(replace({cell}, {delimiter}, ''))), 0)"
        for cell in cells
    ]
    return read_counts(con, f"select {' + '.join(counts)} from {read}")[0]
