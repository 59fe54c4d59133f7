"""Tables of a MySQL or MariaDB server. Knows PyMySQL's streaming cursor; every cell is read as
text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypedDict, cast
from urllib.parse import unquote, urlsplit

from mesocosm.core.errors import ConfigValueError, RetryableError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import check_url
from mesocosm.data.sources.arrow_ingest import BATCH, SourceRow, as_text, pour_rows
from mesocosm.data.sources.databases.sql_table import MARK, TableKind

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

BOUND = {
    "int": "cast(? as signed)",
    "decimal": "cast(? as decimal(65, 30))",
    "time": "cast(? as datetime(6))",
    "text": "cast(? as char)",
}


class Login(TypedDict):
    """Where a server is and who reads it, as PyMySQL names it."""

    host: str | None
    port: int
    user: str
    password: str
    database: str | None


class Cursor(Protocol):
    """A cursor of PyMySQL, as much of it as a reader needs."""

    @property
    def description(self) -> Sequence[tuple[object, ...]]: ...

    def execute(self, query: str, bounds: tuple[str, ...] | None) -> object: ...

    def fetchall(self) -> Sequence[tuple[object, ...]]: ...

    def fetchmany(self, size: int) -> Sequence[tuple[object, ...]]: ...

    def close(self) -> None: ...


class Connection(Protocol):
    """A connection of PyMySQL, as much of it as a reader needs."""

    def cursor(self) -> Cursor: ...

    def close(self) -> None: ...


class Mysql(TableKind):
    """One table or view of a MySQL or MariaDB database.

    Args:
        url: `mysql://user:password@host/name`; write `${NAME}` and keep it in the environment.
        table: the table or view.
        cursor: a column that only increases; with it only new rows are read, in batches.

    Source: https://mariadb.com/kb/en/clientserver-protocol

    >>> Mysql(url="mysql://db.example.org/bank", table="loans").type
    'mysql'
    """

    server: ClassVar[str] = "mysql"
    extra: ClassVar[str] = "mysql"
    type: Literal["mysql"] = "mysql"

    def _connect(self) -> Connection:
        import pymysql

        address = check_url(self.url, ("mysql", "mariadb"), self.private_network)
        try:
            connection = pymysql.connect(
                **_login_of(self.url, address),
                charset="utf8mb4",
                connect_timeout=10,
                read_timeout=600,
                cursorclass=pymysql.cursors.SSCursor,
                local_infile=False,
            )
            return cast(Connection, connection)
        except pymysql.Error as error:
            raise RetryableError(Message("data.mysql_refused")) from error

    def reader(self) -> MysqlReader:
        """A connection through PyMySQL."""
        return MysqlReader(self, self._connect())

    def fingerprint_rows(self) -> str:
        """A fingerprint of the rows: their count and the sum of their checksums, whatever their
        order.
        """
        with closing(self.reader()) as reader:
            columns = [f"`{c}`" for c in reader.columns()]
            row = f"concat_ws('|', {', '.join(f'coalesce({c}, char(0))' for c in columns)})"
            found = reader.run(
                f"select count(*), coalesce(sum(cast(conv(left(sha1({row}), 14), 16, 10) as"
                f" unsigned)), 0) from {reader.name}"
            )
            return digest([str(v) for v in found.fetchall()[0]], columns, self.table)


def _login_of(url: str, address: str | None) -> Login:
    """Where a server is and who reads it.

    Args:
        address: the checked address of its host, where that is public.
    """
    parts = urlsplit(url)
    return {
        "host": address or parts.hostname,
        "port": parts.port or 3306,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.strip("/") or None,
    }


class MysqlReader:
    """One connection."""

    def __init__(self, of: Mysql, raw: Connection) -> None:
        self.of, self.raw = of, raw
        self.name = ".".join(f"`{part}`" for part in of.table.split("."))
        self.cursor = raw.cursor()
        self.kind = ""

    def run(self, query: str, bounds: tuple[str, ...] = ()) -> Cursor:
        """Run a query; `%s` stands for each bound."""
        import pymysql

        try:
            self.cursor.execute(query, bounds or None)
        except pymysql.Error as error:
            raise ConfigValueError(
                "table",
                Message("data.table_unreadable", table=self.of.table),
                Message("data.readable_table"),
            ) from error
        return self.cursor

    def columns(self) -> list[str]:
        """The table's columns; also learns what the cursor holds."""
        from pymysql.constants import FIELD_TYPE as F

        self.run(f"select * from {self.name} limit 0")
        described = {str(d[0]): d[1] for d in self.cursor.description}
        self.cursor.fetchall()
        bounds = {
            "int": {F.TINY, F.SHORT, F.LONG, F.INT24, F.LONGLONG, F.YEAR},
            "decimal": {F.DECIMAL, F.NEWDECIMAL},
            "time": {F.DATE, F.NEWDATE, F.DATETIME, F.TIMESTAMP},
        }
        kind = described.get(str(self.of.cursor))
        self.kind = next((name for name, codes in bounds.items() if kind in codes), "text")
        return list(described)

    def _rows(self, columns: list[str], label: str) -> Iterator[SourceRow]:
        number = 0
        while batch := self.cursor.fetchmany(BATCH):
            for row in batch:
                number += 1
                yield label, number, dict(zip(columns, map(_text, row), strict=True))

    def pour(self, con: DuckDBPyConnection, name: str, label: str) -> None:
        """Pour all rows, batch by batch as they come."""
        columns = self.columns()
        self.run(f"select * from {self.name}")
        pour_rows(con, name, columns, self._rows(columns, label))

    def top(self) -> tuple[str | None, int]:
        """The cursor's greatest value and how many rows have none."""
        columns, column = self.columns(), f"`{self.of.cursor}`"
        if self.of.cursor not in columns:
            raise ConfigValueError(
                "cursor",
                Message("data.no_column", table=self.of.table, column=self.of.cursor),
                Message("data.a_column"),
                columns,
                str(self.of.cursor),
            )
        top, without = self.run(
            f"select cast(max({column}) as char), count(*) - count({column}) from {self.name}"
        ).fetchall()[0]
        return as_text(_text(top)), int(str(without))

    def page(self, where: str, bounds: tuple[str, ...], limit: int | None) -> pa.Table:
        """Rows in the order of the cursor."""
        import pyarrow as pa

        columns, column = [*self.columns(), MARK], f"`{self.of.cursor}`"
        condition = where.replace("{c}", column).replace("?", BOUND[self.kind].replace("?", "%s"))
        query = (
            f"select *, cast({column} as char) from {self.name} where {condition} order by {column}"
        )
        if limit:
            query += f" limit {limit}"
        self.run(query, bounds)
        rows = self.cursor.fetchall()
        data: dict[str, pa.StringArray] = {}
        for i, name in enumerate(columns):
            data[name] = pa.array([as_text(_text(row[i])) for row in rows], pa.string())
        return pa.table(data)

    def close(self) -> None:
        """Close the connection."""
        self.cursor.close()
        self.raw.close()


def _text(value: object) -> object:
    """Bytes as text; another value as it is."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value
