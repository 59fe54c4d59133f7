"""The log of predictions and of the labels that came back for them. Knows no models; to append to
it moves no revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.database.schema import is_traffic
from mesocosm.catalog.prediction_counts import counts
from mesocosm.catalog.session import Records, Row
from mesocosm.core.errors import RetryableError


class Predictions(Records):
    """What services answered, and what was right."""

    def add(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a log table (predictions, feedback) without moving the revision."""
        if rows:
            with self.engine.begin() as con:
                con.execute(insert(table), [dict(row) for row in rows])

    def log(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append predictions in one transaction, over a connection that stays open; those that are
        there already are left as they are.

        Raises:
            Later: another writer holds the catalog, or the disk is full.
        """
        if not rows:
            return
        told = (
            insert(t.PREDICTIONS).prefix_with("OR IGNORE")
            if self.engine.dialect.name == "sqlite"
            else postgresql.insert(t.PREDICTIONS).on_conflict_do_nothing()
        )
        try:
            with self.logs.begin() as con:
                con.execute(told, [{"mark": ""} | dict(row) for row in rows])
        except DBAPIError as error:
            raise RetryableError(
                f"the catalog takes no records now ({type(error.orig).__name__})"
            ) from error

    def prune(self, service: str, before: float, most: int = 500) -> int:
        """Remove a service's oldest predictions of before a moment, at most so many, in one short
        transaction; returns how many.

        Predictions that a label came back for stay.
        """
        told = select(t.FEEDBACK.c.id).where(t.FEEDBACK.c.prediction == t.PREDICTIONS.c.id).exists()
        old = (
            select(t.PREDICTIONS.c.id)
            .where(t.PREDICTIONS.c.service == service, t.PREDICTIONS.c.at < before, ~told)
            .order_by(t.PREDICTIONS.c.at)
            .limit(most)
        )
        gone = [row["id"] for row in self.rows(old)]
        if gone:
            with self.engine.begin() as con:
                con.execute(t.PREDICTIONS.delete().where(t.PREDICTIONS.c.id.in_(gone)))
        return len(gone)

    def prediction(self, ident: str) -> Row | None:
        """A prediction by id."""
        return self.row(select(t.PREDICTIONS).where(t.PREDICTIONS.c.id == ident))

    def predictions(
        self,
        service: str,
        most: int = 100,
        since: float = 0.0,
        until: float | None = None,
        mark: str = "",
    ) -> list[Row]:
        """The newest predictions of a service, newest first: those of its traffic, or those with a
        mark.
        """
        query = select(t.PREDICTIONS).where(
            t.PREDICTIONS.c.service == service,
            t.PREDICTIONS.c.at > since,
            t.PREDICTIONS.c.mark == mark if mark else is_traffic(),
        )
        if until is not None:
            query = query.where(t.PREDICTIONS.c.at <= until)
        return self.rows(query.order_by(t.PREDICTIONS.c.at.desc()).limit(most))

    def labelled(
        self, service: str, since: float = 0.0, mark: str = "", most: int | None = None
    ) -> list[Row]:
        """Predictions that a label came back for, oldest first; the newest label of each counts.
        Those of traffic, or those with a mark; of the newest labels where `most` says how many.
        """
        query = (
            select(t.PREDICTIONS, t.FEEDBACK.c.label, t.FEEDBACK.c.at.label("labelled_at"))
            .join(t.FEEDBACK, t.FEEDBACK.c.prediction == t.PREDICTIONS.c.id)
            .where(
                t.FEEDBACK.c.service == service,
                t.FEEDBACK.c.at > since,
                t.PREDICTIONS.c.service == service,
                t.PREDICTIONS.c.mark == mark if mark else is_traffic(),
            )
            .order_by(t.FEEDBACK.c.id.desc() if most else t.FEEDBACK.c.id)
        )
        found = self.rows(query.limit(most) if most else query)
        return list({row["id"]: row for row in (reversed(found) if most else found)}.values())

    def count_answers(
        self, service: str, version: str, since: float, until: float, most: int, mark: str = ""
    ) -> int:
        """How many answers, at most `most`, a version gave from a moment to another, both included:
        to traffic, or to rows with a mark.
        """
        mine = (
            (p := t.PREDICTIONS.c).service == service,
            p.version == version,
            p.at.between(since, until),
            p.mark == mark if mark else is_traffic(),
        )
        return int(
            self.rows(
                select(func.count().label("many")).select_from(
                    select(t.PREDICTIONS.c.id).where(*mine).limit(most).subquery()
                )
            )[0]["many"]
        )

    def told(self, service: str, since: float) -> dict[str, tuple[int, int]]:
        """By version: how many of its predictions since then a label came back for, and how many of
        those were right.
        """
        found: dict[str, tuple[int, int]] = {}
        query = (
            select(
                t.PREDICTIONS.c.id,
                t.PREDICTIONS.c.version,
                t.PREDICTIONS.c.output,
                t.FEEDBACK.c.label,
            )
            .join(t.FEEDBACK, t.FEEDBACK.c.prediction == t.PREDICTIONS.c.id)
            .where(t.PREDICTIONS.c.service == service, t.PREDICTIONS.c.at >= since, is_traffic())
            .order_by(t.FEEDBACK.c.id)
        )
        for row in {r["id"]: r for r in self.rows(query)}.values():
            judged, right = found.get(row["version"], (0, 0))
            found[row["version"]] = (
                judged + 1,
                right + (str(row["output"].get("label")) == row["label"]),
            )
        return found

    def counts(self) -> dict[str, int]:
        """How many requests each service answered so far; drills are no requests."""
        with self.engine.connect() as con:
            return dict(counts(con))
