"""A table of a database server, read whole or by a cursor column in keyset batches.

Knows what one server's driver has to give (`Reader`), and the rows kept between builds. Knows no
driver.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Protocol

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.page_cache import Kept
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows, list_columns
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

MARK = "_cursor"  # the cursor's value as text, beside each row read by keys


class Reader(Protocol):
    """One connection to a server; conditions hold `?` for bounds, which are texts."""

    def pour(self, con: DuckDBPyConnection, name: str, label: str) -> None:
        """Create table `name` from all rows, with `_file` and `_line`."""
        ...

    def top(self) -> tuple[str | None, int]:
        """The greatest value of the cursor as text, and how many rows have none."""
        ...

    def page(self, where: str, bounds: tuple[str, ...], limit: int | None) -> pa.Table:
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
        cursor: a column that only increases, such as an id or the time of the last change. With
            it a build reads only rows added since the last one, in batches; the others lie sealed
            (AES-256-GCM) in the store until a subject is erased. A row changed or deleted below it
            is not noticed.
        batch: how many rows one batch by the cursor has.
        private_network: whether the host may have a private or loopback address.
    """

    server: ClassVar[str] = ""
    url: str = Field(repr=False)
    table: str = Field(pattern=r"^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$")
    cursor: str | None = None
    batch: int = Field(50_000, ge=1)
    private_network: bool = False

    @abstractmethod
    def reader(self) -> Reader:
        """A connection.

        Raises:
            RetryableError: the server does not respond.
        """

    @abstractmethod
    def fingerprint_rows(self) -> str:
        """A fingerprint of all rows, whatever their order."""

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the rows; with a cursor, of its greatest value and of how many rows
        have that or none.
        """
        del where
        if not self.cursor:
            return self.fingerprint_rows()
        with closing(self.reader()) as reader:
            top, without = reader.top()
            rows = 0
            if top is not None:
                rows = reader.page("{c} = ?", (top,), None).num_rows
            return digest(self.table, self.cursor, top, without, rows)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the table into table `name`; `_line` is the row in the order read, from 1.

        Raises:
            ConfigValueError: the table or its cursor does not exist, or the table holds no row.
            RetryableError: the server does not respond.
        """
        label = f"{self.server}:{self.table}"
        # before the rows: what comes in between is noticed next time
        seen = self.fingerprint(where)
        with closing(self.reader()) as reader:
            if self.cursor:
                server = self.url.rpartition("@")[2]
                kept = Kept(where, digest(self.server, server, self.table, self.cursor))
                self._read_by_cursor(reader, kept, con, name, label)
            else:
                reader.pour(con, name, label)
        columns = list_columns(con, quote(name))[2:]
        rows = count_rows(con, quote(name))
        if not rows:
            raise ConfigValueError(
                "table",
                Message("data.table_empty", table=self.table),
                Message("data.at_least_one_row"),
            )
        return Collected(columns, rows, {label: seen})

    def _read_by_cursor(
        self, reader: Reader, kept: Kept, con: DuckDBPyConnection, name: str, label: str
    ) -> None:
        """Pour what was kept, then what came since; rows of the greatest value, or of none, are
        read every time.
        """
        top, without = reader.top()
        if top is None:
            kept.forget()
            pages = [reader.page("{c} is null", (), None)]
        else:
            pages = [reader.page("{c} = ?", (top,), None)]
            after = kept.open(pages[0].schema.names)
            if after is None:
                kept.forget()
            self._keep_new_pages(reader, kept, after, top)
            if without:
                pages.append(reader.page("{c} is null", (), None))
        _pour_pages(con, name, label, chain(kept.pages(), pages))

    def _keep_new_pages(self, reader: Reader, kept: Kept, after: str | None, top: str) -> None:
        """Keep the rows between two values of the cursor, batch by batch.

        Args:
            after: the greatest value kept; None where nothing is.
            top: the greatest value of all, whose rows are not kept.
        """
        while True:
            if after is None:
                page = reader.page("{c} < ?", (top,), self.batch)
            else:
                page = reader.page("{c} > ? and {c} < ?", (after, top), self.batch)
            if not page.num_rows:
                return
            if page.num_rows == self.batch:
                page = _whole_values(reader, page)
            after = _marks_of(page)[-1]
            kept.add(page, after)


def _marks_of(page: pa.Table) -> list[str]:
    """The cursor's value of each row of a page, as text."""
    return [str(mark) for mark in page.column(MARK).to_pylist()]


def _whole_values(reader: Reader, page: pa.Table) -> pa.Table:
    """A full batch without its last value, which may have rows beyond it; all rows of that value
    where it is the only one.
    """
    marks = _marks_of(page)
    whole = sum(mark != marks[-1] for mark in marks)
    if whole:
        return page.slice(0, whole)
    return reader.page("{c} = ?", (marks[-1],), None)


def _pour_pages(con: DuckDBPyConnection, name: str, label: str, pages: Iterable[pa.Table]) -> None:
    """Create table `name` from Arrow pages, one in memory at a time."""
    line = 0
    for number, page in enumerate(pages):
        con.register("_page", page.drop_columns([MARK]))
        rows = f"select '{label}' as _file, {line} + row_number() over () as _line, * from _page"
        if number == 0:
            con.execute(f"create table {quote(name)} as {rows}")
        else:
            con.execute(f"insert into {quote(name)} {rows}")
        con.unregister("_page")
        line += page.num_rows
