"""A table of a database server, read whole or by a cursor column in keyset batches.

Knows what one server's driver has to give (`Reader`), and the rows kept between builds. Knows no
driver.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from pydantic import Field

from mesocosm.core.errors import Wrong
from mesocosm.core.hashing import digest
from mesocosm.core.settings import Collected, Where
from mesocosm.data.sources.page_cache import Kept
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.source import SourceKind

MARK = "_cursor"  # the cursor's value as text, beside each row read by keys


class Reader(Protocol):
    """One connection to a server; conditions hold `?` for bounds, which are texts."""

    def pour(self, con: Any, name: str, label: str) -> None:
        """Create table `name` from all rows, with `_file` and `_line`."""
        ...

    def top(self) -> tuple[str | None, int]:
        """The greatest value of the cursor as text, and how many rows have none."""
        ...

    def page(self, where: str, bounds: tuple[str, ...], limit: int | None) -> Any:
        """Rows as an Arrow table in the order of the cursor, `_cursor` with it as text. `{c}`
        stands for the cursor.
        """
        ...

    def close(self) -> None: ...


class TableKind(SourceKind):
    """Settings common to tables of servers.

    Args:
        url: where the server is; write `${NAME}` and keep it in the environment.
        table: `table` or `schema.table`, or a view.
        cursor: a column that only grows, such as an id or the time of the last change. With it a
            build reads only rows that came since the last one, in batches; the others lie sealed
            (AES-256-GCM) in the store until someone is forgotten. A row changed or deleted below it
            is not noticed.
        batch: how many rows one batch by the cursor has.
        private_network: whether the host may stand at a private or loopback address.
    """

    server: ClassVar[str] = ""
    url: str = Field(repr=False)
    table: str = Field(pattern=r"^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$")
    cursor: str | None = None
    batch: int = Field(50_000, ge=1)
    private_network: bool = False

    def reader(self) -> Reader:
        """A connection.

        Raises:
            Later: the server does not answer.
        """
        raise NotImplementedError

    def whole_print(self) -> str:
        """A print over all rows, whatever their order."""
        raise NotImplementedError

    def fingerprint(self, where: Where) -> str:
        """A print over the rows; with a cursor, over its greatest value and how many rows have that
        or none.
        """
        del where
        if not self.cursor:
            return self.whole_print()
        reader = self.reader()
        try:
            top, without = reader.top()
            return digest(
                self.table,
                self.cursor,
                top,
                without,
                reader.page("{c} = ?", (top,), None).num_rows if top is not None else 0,
            )
        finally:
            reader.close()

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Pour the table into table `name`; `_line` is the row in the order read, from 1.

        Raises:
            Wrong: the table or its cursor does not exist, or the table holds no row.
            Later: the server does not answer.
        """
        label = f"{self.server}:{self.table}"
        seen = self.fingerprint(
            where
        )  # before the rows: what comes in between is noticed next time
        reader = self.reader()
        try:
            if self.cursor:
                self._by_cursor(
                    reader,
                    Kept(
                        where,
                        digest(self.server, self.url.rpartition("@")[2], self.table, self.cursor),
                    ),
                    con,
                    name,
                    label,
                )
            else:
                reader.pour(con, name, label)
        finally:
            reader.close()
        columns = [r[0] for r in con.execute(f"describe {quote(name)}").fetchall()][2:]
        rows = int(con.execute(f"select count(*) from {quote(name)}").fetchall()[0][0])
        if not rows:
            raise Wrong("table", f"'{self.table}' holds no row", "at least one row")
        return Collected(columns, rows, {label: seen})

    def _by_cursor(self, reader: Reader, kept: Kept, con: Any, name: str, label: str) -> None:
        """What was kept, then what came since; rows of the greatest value, or of none, are read
        every time.
        """
        top, without = reader.top()
        shape = (
            reader.page("{c} = ?", (top,), None)
            if top is not None
            else reader.page("{c} is null", (), None)
        )
        after = kept.open(shape.schema.names)
        if after is None or top is None:
            kept.forget()
        while top is not None:
            bounds, above = (
                ((after, top), "{c} > ? and {c} < ?") if after is not None else ((top,), "{c} < ?")
            )
            page = reader.page(above, bounds, self.batch)
            if not page.num_rows:
                break
            marks = page.column(MARK).to_pylist()
            if page.num_rows == self.batch:  # the last value may have rows beyond the batch
                whole = sum(m != marks[-1] for m in marks)
                page = page.slice(0, whole) if whole else reader.page("{c} = ?", (marks[-1],), None)
                marks = page.column(MARK).to_pylist()
            after = marks[-1]
            kept.add(page, after)
        nulls = [reader.page("{c} is null", (), None)] if without and top is not None else []
        first = True
        line = 0
        for page in (*kept.pages(), shape, *nulls):
            con.register("_page", page.drop_columns([MARK]))
            rows = (
                f"select '{label}' as _file, {line} + row_number() over () as _line, * from _page"
            )
            con.execute(
                f"create table {quote(name)} as {rows}"
                if first
                else f"insert into {quote(name)} {rows}"
            )
            con.unregister("_page")
            line, first = line + page.num_rows, False
