"""Parquet files. Knows DuckDB's reader; the columns keep the types the files give them."""

from __future__ import annotations

from typing import Any, Literal

from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Collected, Where
from mesocosm.govern.sources.paths import files_of, name_and_print, print_files, quote, text
from mesocosm.govern.sources.source import SourceKind


class Parquet(SourceKind):
    """Files in Apache Parquet.

    Args:
        path: a path or glob inside the project.

    Source: https://parquet.apache.org/docs/file-format

    >>> Parquet(path="data/loans.parquet").type
    'parquet'
    """

    type: Literal["parquet"] = "parquet"
    path: str

    def fingerprint(self, where: Where) -> str:
        """A print over the files' names and bytes."""
        return print_files(where, self.path)

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Show the files as view `name` with `_file` and `_line` (the row in its file, from 1).

        Raises:
            Wrong: a file is no Parquet or holds no row.
        """
        import duckdb

        found = Collected([], 0, {})
        selects = []
        for path in files_of(where, self.path):
            label, content = name_and_print(where, path)
            read = f"read_parquet({text(str(path))}, file_row_number=true)"
            selects.append(f"select {text(label)} as _file, file_row_number + 1 as _line, * exclude (file_row_number) from {read}")
            try:
                columns = {row[0] for row in con.execute(f"describe {selects[-1]}").fetchall()}
                first = {row[0] for row in con.execute(f"describe {selects[0]}").fetchall()}
            except duckdb.Error as error:
                raise Wrong("path", f"'{label}' is no Parquet file that can be read", "Apache Parquet") from error
            if columns != first:
                raise Wrong("path", f"its files differ in the columns {', '.join(sorted(columns ^ first))}", "files of the same columns")
            found.files[label] = content
        con.execute(f"create view {quote(name)} as " + " union all by name ".join(selects))
        described = con.execute(f"describe {quote(name)}").fetchall()
        found.columns = [row[0] for row in described if row[0] not in ("_file", "_line")]
        found.rows = int(con.execute(f"select count(*) from {quote(name)}").fetchone()[0])
        if not found.rows:
            raise Wrong("path", f"'{self.path}' holds no row", "at least one row")
        return found
