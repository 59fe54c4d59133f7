"""Tables of a SQLite file. Knows the standard library's driver; every cell is read as text."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from mesocosm.core.errors import Wrong
from mesocosm.core.hashing import digest
from mesocosm.core.settings import Collected, Where
from mesocosm.data.sources.path_utils import files_of, name_and_print, quote
from mesocosm.data.sources.source import SourceKind


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

    def fingerprint(self, where: Where) -> str:
        """A print over the file's bytes and the table's name."""
        return digest([name_and_print(where, p) for p in files_of(where, self.path)], self.table)

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Pour the table into table `name`; `_line` is the row in the order read, from 1.

        Raises:
            Wrong: the file is no SQLite database, or it has no such table.
        """
        import pyarrow as pa

        path = files_of(where, self.path)[0]
        label, content = name_and_print(where, path)
        with closing(self._open(path)) as raw:
            try:
                tables = [
                    r[0]
                    for r in raw.execute(
                        "select name from sqlite_master where type in ('table', 'view')"
                    )
                ]
            except sqlite3.DatabaseError as error:
                raise Wrong("path", f"'{label}' is no SQLite database", "a SQLite file") from error
            if self.table not in tables:
                raise Wrong(
                    "table",
                    f"'{self.table}' is not in '{label}'",
                    "a table of it",
                    tables,
                    self.table,
                )
            cursor = raw.execute(f"select * from {quote(self.table)}")
            columns = [d[0] for d in cursor.description]
            rows, first = 0, True
            while batch := cursor.fetchmany(50_000):
                data = {
                    "_file": [f"{label}#{self.table}"] * len(batch),
                    "_line": range(rows + 1, rows + len(batch) + 1),
                }
                data |= {
                    c: [None if r[i] is None else str(r[i]) for r in batch]
                    for i, c in enumerate(columns)
                }
                con.register(
                    "_batch",
                    pa.table(
                        {
                            k: pa.array(v, pa.int64() if k == "_line" else pa.string())
                            for k, v in data.items()
                        }
                    ),
                )
                con.execute(
                    f"create table {quote(name)} as from _batch"
                    if first
                    else f"insert into {quote(name)} from _batch"
                )
                con.unregister("_batch")
                rows, first = rows + len(batch), False
        if not rows:
            raise Wrong("table", f"'{self.table}' of '{label}' holds no row", "at least one row")
        return Collected(columns, rows, {f"{label}#{self.table}": content})

    def _open(self, path: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)
