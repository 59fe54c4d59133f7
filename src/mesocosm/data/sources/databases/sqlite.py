"""Tables of a SQLite file. Knows the standard library's driver; every cell is read as text."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.path_utils import files_of, name_and_fingerprint, quote
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection


class Sqlite(SourceKind):
    """One table or view of a SQLite database.

    Args:
        path: the database file, inside the project.
        table: the table or view.

    Source: https://www.sqlite.org/fileformat.html

    >>> Sqlite(path="ledger.db", table="loans").type
    'sqlite'
    """

    type: Literal["sqlite"] = "sqlite"
    path: str
    table: str

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the file's bytes and the table's name."""
        return digest(
            [name_and_fingerprint(where, p) for p in files_of(where, self.path)], self.table
        )

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the table into table `name`; `_line` is the row in the order read, from 1.

        Raises:
            ConfigValueError: the file is not a SQLite database, or it has no such table.
        """
        path = files_of(where, self.path)[0]
        label, content = name_and_fingerprint(where, path)
        with closing(self._open(path)) as database:
            self._check_table(database, label)
            cursor = database.execute(f"select * from {quote(self.table)}")
            columns = [str(column[0]) for column in cursor.description]
            named, rows = f"{label}#{self.table}", 0
            while batch := cursor.fetchmany(50_000):
                con.register("_batch", _as_arrow(batch, columns, named, rows + 1))
                if rows:
                    con.execute(f"insert into {quote(name)} from _batch")
                else:
                    con.execute(f"create table {quote(name)} as from _batch")
                con.unregister("_batch")
                rows += len(batch)
        if not rows:
            raise ConfigValueError(
                "table",
                Message("data.table_of_file_empty", table=self.table, file=label),
                Message("data.at_least_one_row"),
            )
        return Collected(columns, rows, {named: content})

    def _check_table(self, database: sqlite3.Connection, label: str) -> None:
        """Refuse a file that is no database, or has no such table.

        Raises:
            ConfigValueError: it is.
        """
        query = "select name from sqlite_master where type in ('table', 'view')"
        try:
            tables = [str(row[0]) for row in database.execute(query)]
        except sqlite3.DatabaseError as error:
            raise ConfigValueError(
                "path", Message("data.not_sqlite", file=label), Message("data.sqlite_file")
            ) from error
        if self.table not in tables:
            raise ConfigValueError(
                "table",
                Message("data.table_not_in_file", table=self.table, file=label),
                Message("data.table_of_it"),
                tables,
                self.table,
            )

    def _open(self, path: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def _as_arrow(
    batch: Sequence[tuple[object, ...]], columns: Sequence[str], label: str, first: int
) -> pa.Table:
    """Rows as an Arrow table of texts, each with its file and line.

    Args:
        first: the line of the first row.
    """
    import pyarrow as pa

    data: dict[str, pa.StringArray | pa.Int64Array] = {
        "_file": pa.array([label] * len(batch), pa.string()),
        "_line": pa.array(range(first, first + len(batch)), pa.int64()),
    }
    for i, column in enumerate(columns):
        cells = [None if row[i] is None else str(row[i]) for row in batch]
        data[column] = pa.array(cells, pa.string())
    return pa.table(data)
