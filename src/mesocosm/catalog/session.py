"""An open catalog: rows that are read, changes that move the revision, and the hash-chained audit
of who made them. Knows no kind of record but the audit's lines.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast, overload

from sqlalchemy import Connection, Executable, func, insert, select, update
from sqlalchemy.exc import DatabaseError

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.database.engine import open_engine, url_of_file
from mesocosm.catalog.database.migrations import migrate_catalog
from mesocosm.catalog.prediction_counts import keep_counts
from mesocosm.catalog.rows import AuditRow, Row
from mesocosm.core.confidential.owner_files import close_to_others, owned_file, owned_folder
from mesocosm.core.confidential.row_values import plain_all
from mesocosm.core.confidential.secret_values import masked
from mesocosm.core.errors import MesocosmError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message

Kind = TypeVar("Kind")
LOG_WAIT = 0.5  # seconds that a prediction's record waits for other writers


class Records:
    """The database of one ecosystem; its arguments are those of `Catalog`."""

    def __init__(self, where: Path | str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        if isinstance(where, Path):
            owned_folder(where)
            owned_file(where / "catalog.db")  # SQLite gives its journals the mode of the database
            close_to_others(where)  # what an earlier version left readable
            where = url_of_file(where / "catalog.db")
        self.url = where
        self.engine = open_engine(where)
        # opened when the first prediction is logged
        self.logs = open_engine(where, LOG_WAIT, keep=2)
        try:
            migrate_catalog(self.engine)
            keep_counts(self.engine)
        except ModuleNotFoundError as error:
            raise MesocosmError(Message("lifecycle.postgres_extra")) from error
        except DatabaseError as error:
            raise MesocosmError(
                Message("lifecycle.catalog_unopened", reason=str(error.orig)[:120])
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One atomic change; the revision moves on by one when it ends well."""
        with self.engine.begin() as con:
            moved = con.execute(update(t.REVISION).values(number=t.REVISION.c.number + 1))
            if moved.rowcount == 0:
                con.execute(insert(t.REVISION).values(one=1, number=1))
            yield con

    def revision(self) -> int:
        """How many changes were made; the world prints the one it shows."""
        return int(self._scalar(select(func.max(t.REVISION.c.number))) or 0)

    def _scalar(self, query: Executable) -> int | None:
        with self.engine.connect() as con:
            return cast("int | None", con.execute(query).scalar())

    @overload
    def rows(self, query: Executable) -> list[Row]: ...

    @overload
    def rows(self, query: Executable, of: type[Kind]) -> list[Kind]: ...

    def rows(self, query: Executable, of: type[object] = dict) -> object:
        """The rows of a query as plain dicts, their keys the columns.

        Args:
            of: the TypedDict that says what the columns hold.
        """
        with self.engine.connect() as con:
            return [dict(row._mapping) for row in con.execute(query)]

    @overload
    def row(self, query: Executable) -> Row | None: ...

    @overload
    def row(self, query: Executable, of: type[Kind]) -> Kind | None: ...

    def row(self, query: Executable, of: type[object] = dict) -> object:
        """The first row of a query, or None; `of` as for `rows`."""
        found = self.rows(query)
        return found[0] if found else None

    def write_audit(self, con: Connection, who: str, act: str, what: str, why: str) -> None:
        """Append one line to the hash-chained audit."""
        last = (
            con.execute(select(t.AUDIT.c.hash).order_by(t.AUDIT.c.id.desc()).limit(1)).scalar()
            or ""
        )
        at = self.clock()
        line = {
            "at": at,
            "who": masked(who),
            "act": act,
            "what": masked(what),
            "why": masked(why),
            "before": last,
        }
        con.execute(insert(t.AUDIT).values(hash=digest(line), **line))

    def audit(self, most: int = 200, *, marked: bool = False) -> list[AuditRow]:
        """The newest audit lines, newest first; `marked` as for `alerts`."""
        found = self.rows(select(t.AUDIT).order_by(t.AUDIT.c.id.desc()).limit(most), AuditRow)
        if marked:
            return found
        return plain_all(found)

    def verify_audit(self) -> int | None:
        """The id of the first audit line that was edited, or None where the chain is intact."""
        last = ""
        for row in self.rows(select(t.AUDIT).order_by(t.AUDIT.c.id), AuditRow):
            line = {
                key: row[key]  # type: ignore[literal-required]
                for key in ("at", "who", "act", "what", "why", "before")
            }
            if row["before"] != last or row["hash"] != digest(line):
                return int(row["id"])
            last = row["hash"]
        return None
