"""Tables of a PostgreSQL server through ADBC. Knows Arrow batches; keeps the server's types."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, ClassVar, Literal, cast
from urllib.parse import parse_qsl, quote_plus, urlsplit

from mesocosm.core.errors import ConfigValueError, RetryableError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import check_url
from mesocosm.data.sources.databases.sql_table import MARK, TableKind
from mesocosm.data.sources.path_utils import quote

if TYPE_CHECKING:
    import pyarrow as pa
    from adbc_driver_manager.dbapi import Connection, Cursor
    from duckdb import DuckDBPyConnection

ELSEWHERE = frozenset(
    ["host", "hostaddr", "port", "service", "servicefile"]
)  # of libpq: what in an address names another server than the one before the path
TYPE = re.compile(r"[a-z][a-z0-9 ]*(\(\d+(,\d+)?\))?[a-z ]*")


class Postgres(TableKind):
    """One table or view of a PostgreSQL database.

    Args:
        url: `postgresql://user@host/name`; write `${NAME}` and keep it in the environment.
        table: `table` or `schema.table`.
        cursor: a column that only increases; with it only new rows are read, in batches.

    Source: https://arrow.apache.org/adbc

    >>> Postgres(url="postgresql://db.example.org/bank", table="public.loans").type
    'postgres'
    """

    server: ClassVar[str] = "postgres"
    extra: ClassVar[str] = "postgres"
    type: Literal["postgres"] = "postgres"

    def _connect(self) -> Connection:
        import adbc_driver_postgresql.dbapi as postgres

        url = re.sub(r"^postgres://", "postgresql://", self.url)
        address = check_url(url, ("postgresql",), self.private_network)
        if address:  # libpq connects to `hostaddr`, and still holds a certificate against the name
            _refuse_other_server(url)
            separator = "&" if "?" in url else "?"
            url += f"{separator}hostaddr={quote_plus(address)}"
        try:
            return cast("Connection", postgres.connect(url))
        except Exception as error:
            raise RetryableError(Message("data.postgres_refused")) from error

    def reader(self) -> PostgresReader:
        """A connection through ADBC."""
        return PostgresReader(self, self._connect())

    def fingerprint_rows(self) -> str:
        """A fingerprint of the rows: their count and the sum of their 64-bit hashes, whatever their
        order.
        """
        with closing(self.reader()) as reader:
            query = (
                "select count(*)::text, coalesce(sum(hashtextextended(t::text, 0)), 0)::text from"
                f" {reader.name} t"
            )
            return digest(reader.run(query).fetchone(), self.table)


def _refuse_other_server(url: str) -> None:
    """Refuse an address that names another server than the one before the path."""
    named = {key for key, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    elsewhere = named & ELSEWHERE
    if elsewhere:
        raise ConfigValueError(
            "url",
            Message("data.other_server", option=min(elsewhere)),
            Message("data.server_before_path"),
        )


class PostgresReader:
    """One connection."""

    def __init__(self, of: Postgres, raw: Connection) -> None:
        self.of, self.raw = of, raw
        self.name = ".".join(quote(part) for part in of.table.split("."))
        self.cursor = raw.cursor()
        self.kind = ""

    def run(self, query: str, bounds: tuple[str, ...] = ()) -> Cursor:
        """Run a query; `$1` and so on stand for bounds."""
        try:
            self.cursor.execute(query, bounds or None)
        except Exception as error:
            raise ConfigValueError(
                "table",
                Message("data.table_unreadable", table=self.of.table),
                Message("data.readable_table"),
            ) from error
        return self.cursor

    def pour(self, con: DuckDBPyConnection, name: str, label: str) -> None:
        """Pour all rows, batch by batch as they come."""
        con.register("_reader", self.run(f"select * from {self.name}").fetch_record_batch())
        con.execute(
            f"create table {quote(name)} as select '{label}' as _file, row_number() over () as"
            " _line, * from _reader"
        )
        con.unregister("_reader")

    def top(self) -> tuple[str | None, int]:
        """The cursor's greatest value and how many rows have none."""
        self._check_cursor()
        column = quote(str(self.of.cursor))
        kind, top, without = self._read_row(
            f"select (select pg_typeof({column})::text from {self.name} limit 1),"
            f" max({column})::text, count(*) - count({column}) from {self.name}"
        )
        self.kind = str(kind or "text")
        if not TYPE.fullmatch(self.kind):
            raise ConfigValueError(
                "cursor",
                Message("data.column_without_order", column=self.of.cursor),
                Message("data.ordered_column"),
            )
        return None if top is None else str(top), int(str(without))

    def _check_cursor(self) -> None:
        """Refuse a cursor that is no column of the table."""
        self.run(f"select * from {self.name} limit 0")
        names = [str(column[0]) for column in self.cursor.description or ()]
        self.cursor.fetch_arrow_table()
        if self.of.cursor not in names:
            raise ConfigValueError(
                "cursor",
                Message("data.no_column", table=self.of.table, column=self.of.cursor),
                Message("data.a_column"),
                names,
                str(self.of.cursor),
            )

    def _read_row(self, query: str) -> tuple[object, ...]:
        """The one row that a query gives."""
        row: tuple[object, ...] | None = self.run(query).fetchone()
        assert row is not None
        return row

    def page(self, where: str, bounds: tuple[str, ...], limit: int | None) -> pa.Table:
        """Rows in the order of the cursor."""
        if not self.kind:
            self.top()
        column = quote(str(self.of.cursor))
        condition = where.replace("{c}", column)
        for number in range(1, len(bounds) + 1):
            condition = condition.replace("?", f"cast(${number}::text as {self.kind})", 1)
        query = (
            f"select *, {column}::text as {MARK} from {self.name} where {condition} order by"
            f" {column}"
        )
        if limit:
            query += f" limit {limit}"
        return self.run(query, bounds).fetch_arrow_table()

    def close(self) -> None:
        """Close the connection."""
        self.cursor.close()
        self.raw.close()
