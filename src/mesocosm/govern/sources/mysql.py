"""Tables of a MySQL or MariaDB server. Knows PyMySQL's streaming cursor; every cell is read as text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field

from mesocosm.base.digest import digest
from mesocosm.base.errors import Later, Wrong
from mesocosm.base.kinds import Collected, Where
from mesocosm.base.net import check_url
from mesocosm.govern.sources.pour import BATCH, pour_rows
from mesocosm.govern.sources.source import SourceKind


class Mysql(SourceKind):
    """One table or view of a MySQL or MariaDB database.

    Args:
        url: `mysql://user:password@host/name`; write `${NAME}` and keep it in the environment.
        table: the table or view.
        private_network: whether the host may stand at a private or loopback address.

    Source: https://mariadb.com/kb/en/clientserver-protocol

    >>> Mysql(url="mysql://db.example.org/bank", table="loans").type
    'mysql'
    """

    type: Literal["mysql"] = "mysql"
    url: str = Field(repr=False)
    table: str = Field(pattern=r"^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$")
    private_network: bool = False

    def _name(self) -> str:
        return ".".join(f"`{part}`" for part in self.table.split("."))

    def _connect(self) -> Any:
        import pymysql

        check_url(self.url, ("mysql", "mariadb"), self.private_network)
        parts = urlsplit(self.url)
        try:
            return pymysql.connect(
                host=parts.hostname, port=parts.port or 3306, user=unquote(parts.username or ""), password=unquote(parts.password or ""),
                database=parts.path.strip("/") or None, charset="utf8mb4", connect_timeout=10, read_timeout=600,
                cursorclass=pymysql.cursors.SSCursor, local_infile=False,
            )  # fmt: skip
        except pymysql.Error as error:
            raise Later("the MySQL server does not answer, or refuses this user") from error

    def _run(self, cursor: Any, query: str) -> None:
        import pymysql

        try:
            cursor.execute(query)
        except pymysql.Error as error:
            raise Wrong("table", f"'{self.table}' cannot be read", "a table or view this user may read") from error

    def fingerprint(self, where: Where) -> str:
        """A print over the rows: their count and the sum of their checksums, whatever their order."""
        with closing(self._connect()) as raw, raw.cursor() as cursor:
            self._run(cursor, f"select * from {self._name()} limit 0")
            columns = [f"`{d[0]}`" for d in cursor.description]
            cursor.fetchall()
            said = f"concat_ws('|', {', '.join(f'coalesce({c}, char(0))' for c in columns)})"
            self._run(cursor, f"select count(*), coalesce(sum(cast(conv(left(sha1({said}), 14), 16, 10) as unsigned)), 0) from {self._name()}")
            return digest([str(v) for v in cursor.fetchall()[0]], columns, self.table)

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Pour the table into table `name`; `_line` is the row in the order read, from 1.

        Raises:
            Wrong: the table does not exist or holds no row.
            Later: the server does not answer.
        """
        label = f"mysql:{self.table}"
        with closing(self._connect()) as raw, raw.cursor() as cursor:
            self._run(cursor, f"select * from {self._name()}")
            columns = [d[0] for d in cursor.description]

            def rows() -> Iterator[tuple[str, int, dict[str, Any]]]:
                number = 0
                while batch := cursor.fetchmany(BATCH):
                    for row in batch:
                        number += 1
                        yield label, number, {c: v.decode("utf-8", "replace") if isinstance(v, bytes) else v for c, v in zip(columns, row, strict=True)}

            count = pour_rows(con, name, columns, rows())
        if not count:
            raise Wrong("table", f"'{self.table}' holds no row", "at least one row")
        return Collected(columns, count, {label: self.fingerprint(where)})
