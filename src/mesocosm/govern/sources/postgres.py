"""Tables of a PostgreSQL server through ADBC. Knows Arrow batches; keeps the server's types."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from mesocosm.base.digest import digest
from mesocosm.base.errors import Later, Wrong
from mesocosm.base.kinds import Collected, Where
from mesocosm.base.net import check_url
from mesocosm.govern.sources.paths import quote
from mesocosm.govern.sources.source import SourceKind


class Postgres(SourceKind):
    """One table or view of a PostgreSQL database.

    Args:
        url: `postgresql://user@host/name`; write `${NAME}` and keep it in the environment.
        table: `table` or `schema.table`.
        private_network: whether the host may stand at a private or loopback address.

    Source: https://arrow.apache.org/adbc

    >>> Postgres(url="postgresql://db.example.org/bank", table="public.loans").type
    'postgres'
    """

    type: Literal["postgres"] = "postgres"
    url: str = Field(repr=False)
    table: str = Field(pattern=r"^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$")
    private_network: bool = False

    def _name(self) -> str:
        return ".".join(quote(part) for part in self.table.split("."))

    def _connect(self) -> Any:
        import adbc_driver_postgresql.dbapi as postgres

        url = re.sub(r"^postgres://", "postgresql://", self.url)
        check_url(url, ("postgresql",), self.private_network)
        try:
            return postgres.connect(url)
        except Exception as error:
            raise Later("the PostgreSQL server does not answer, or refuses this user") from error

    def fingerprint(self, where: Where) -> str:
        """A print over the rows: their count and the sum of their 64-bit hashes, whatever their order."""
        said = f"select count(*)::text, coalesce(sum(hashtextextended(t::text, 0)), 0)::text from {self._name()} t"
        with self._connect() as raw, raw.cursor() as cursor:
            self._execute(cursor, said)
            return digest(cursor.fetchone(), self.table)

    def _execute(self, cursor: Any, query: str) -> None:
        try:
            cursor.execute(query)
        except Exception as error:
            raise Wrong("table", f"'{self.table}' cannot be read", "a table or view this user may read") from error

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Pour the table into table `name`; `_line` is the row in the order read, from 1.

        Raises:
            Wrong: the table does not exist or holds no row.
            Later: the server does not answer.
        """
        with self._connect() as raw, raw.cursor() as cursor:
            self._execute(cursor, f"select * from {self._name()}")
            reader = cursor.fetch_record_batch()
            con.register("_reader", reader)
            label = f"postgres:{self.table}"
            con.execute(
                f"create table {quote(name)} as select '{label}' as _file, row_number() over () as _line, * from _reader"
            )
            con.unregister("_reader")
        columns = [r[0] for r in con.execute(f"describe {quote(name)}").fetchall()][2:]
        rows = int(con.execute(f"select count(*) from {quote(name)}").fetchone()[0])
        if not rows:
            raise Wrong("table", f"'{self.table}' holds no row", "at least one row")
        return Collected(columns, rows, {label: self.fingerprint(where)})
