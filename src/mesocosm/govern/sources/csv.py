"""Comma-separated files: every cell is text, every line that cannot be read is kept with its number.

Knows DuckDB's reader. Knows nothing of types: a field gives its column one.
"""

from __future__ import annotations

from collections import Counter
from csv import reader
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Collected, Where
from mesocosm.govern.sources.paths import files_of, name_and_print, pour, print_files, quote, text
from mesocosm.govern.sources.source import SourceKind

DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS = 4096


class Csv(SourceKind):
    """Files of comma-separated values with a header line.

    Args:
        path: a path or glob inside the project.
        delimiter: one character; where not given, the one of `, ; tab |` most seen in the header.
        encoding: how the bytes are read; a byte-order mark is dropped.

    Source: RFC 4180.

    >>> Csv(path="data/*.csv").type
    'csv'
    """

    type: Literal["csv"] = "csv"
    path: str
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"

    def fingerprint(self, where: Where) -> str:
        """A print over the files' names and bytes."""
        return print_files(where, self.path)

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Pour the files into table `name` with `_file` and `_line`.

        Raises:
            Wrong: a file is empty, is not in the encoding, or its header repeats a name.
        """
        found = Collected([], 0, {})
        for path in files_of(where, self.path):
            label, content = name_and_print(where, path)
            header, delimiter = self._header(path, label)
            where_from, bad = self._read(con, path, label, header, delimiter)
            pour(con, name, where_from, first=not found.files)
            found.files[label] = content
            found.unreadable += bad
            found.columns = found.columns or header
        found.rows = int(con.execute(f"select count(*) from {quote(name)}").fetchone()[0])
        if not found.rows and not found.unreadable:
            raise Wrong("path", f"'{self.path}' has a header and no row", "at least one row below the header")
        return found

    def _header(self, path: Path, label: str) -> tuple[list[str], str]:
        with path.open("rb") as handle:
            start = handle.read(1 << 20)
        if not start.strip():
            raise Wrong("path", f"'{label}' is empty", "a header line and at least one row")
        if b"\x00" in start and self.encoding != "utf-16":
            raise Wrong("path", f"'{label}' holds NUL bytes, so it is no text", "a text file")
        line = (start.splitlines() or [b''])[0] if self.encoding != "utf-16" else start
        try:
            first = line.decode("utf-8-sig" if self.encoding == "utf-8" else self.encoding)
            first = (first.splitlines() or [""])[0]
        except UnicodeDecodeError as error:
            raise Wrong("encoding", f"'{label}' is not {self.encoding}", "latin-1 perhaps") from error
        if not first.strip():
            raise Wrong("path", f"the first line of '{label}' is blank", "a header line")
        delimiter = self.delimiter or max(DELIMITERS, key=first.count)
        header = [name.strip() for name in next(reader([first], delimiter=delimiter))]
        twice = [name for name, times in Counter(header).items() if times > 1]
        if twice or "" in header:
            odd = f"the column '{twice[0]}' twice" if twice else "a column without a name"
            raise Wrong("path", f"the header of '{label}' has {odd}", "one name a column")
        if len(header) > MOST_COLUMNS:
            raise Wrong("path", f"'{label}' has {len(header)} columns", f"at most {MOST_COLUMNS}")
        return header, delimiter

    def _read(
        self, con: Any, path: Path, label: str, header: list[str], delimiter: str
    ) -> tuple[str, list[tuple[str, int, str, str]]]:
        columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in header)
        call = (
            f"read_csv({text(str(path))}, header=true, skip=0, auto_detect=false, delim={text(delimiter)}, "
            f"quote='\"', escape='\"', columns={{{columns}}}, store_rejects=true, null_padding=false, "
            f"strict_mode=true, encoding={text(self.encoding)}, max_line_size=10000000)"
        )
        import duckdb

        try:
            con.execute(f"create or replace temp table _csv as select * from {call}")
        except duckdb.Error as error:
            why = str(error).splitlines()[0][:160]
            raise Wrong("path", f"'{label}' cannot be read ({why})", f"text in {self.encoding}") from error
        kept = "select line, any_value(csv_line), min(error_message) from reject_errors group by line order by line"
        bad = [(label, int(n), str(t or ""), str(w)) for n, t, w in con.execute(kept).fetchall()]
        for table in ("reject_errors", "reject_scans"):
            con.execute(f"drop table if exists {table}")
        shifts = ", ".join(str(n - k) for k, (_, n, _, _) in enumerate(bad, start=1))
        shift = f"len(list_filter([{shifts}], lambda x: x <= _n))" if bad else "0"
        select = (
            f"select {text(label)} as _file, _n + 1 + {shift} as _line, * exclude (_n) "
            f"from (select row_number() over () as _n, * from _csv)"
        )
        return select, bad
