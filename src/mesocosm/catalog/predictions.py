"""The log of predictions and of the true labels recorded for them. Knows no models; to append to
it moves no revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Insert, Table, func, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.database.schema import is_traffic
from mesocosm.catalog.prediction_counts import counts
from mesocosm.catalog.rows import LabelledRow, PredictionRow
from mesocosm.catalog.session import Records
from mesocosm.core.errors import RetryableError
from mesocosm.core.messages import Message


class Predictions(Records):
    """Predictions of services, and their true labels."""

    def add(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Append rows to a log table (predictions, feedback) without moving the revision."""
        if rows:
            with self.engine.begin() as con:
                con.execute(insert(table), [dict(row) for row in rows])

    def log(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Append predictions in one transaction, over a connection that stays open; those that are
        there already are left as they are.

        Raises:
            RetryableError: another writer holds the catalog, or the disk is full.
        """
        if not rows:
            return
        statement: Insert = postgresql.insert(t.PREDICTIONS).on_conflict_do_nothing()
        if self.engine.dialect.name == "sqlite":
            statement = insert(t.PREDICTIONS).prefix_with("OR IGNORE")
        try:
            with self.logs.begin() as con:
                con.execute(statement, [{"mark": ""} | dict(row) for row in rows])
        except DBAPIError as error:
            raise RetryableError(
                Message("lifecycle.catalog_locked", kind=type(error.orig).__name__)
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

    def prediction(self, ident: str) -> PredictionRow | None:
        """A prediction by id."""
        return self.row(select(t.PREDICTIONS).where(t.PREDICTIONS.c.id == ident), PredictionRow)

    def predictions(
        self,
        service: str,
        most: int = 100,
        since: float = 0.0,
        until: float | None = None,
        mark: str = "",
    ) -> list[PredictionRow]:
        """The newest predictions of a service, newest first: those of its traffic, or those with a
        mark.
        """
        query = select(t.PREDICTIONS).where(
            t.PREDICTIONS.c.service == service,
            t.PREDICTIONS.c.at > since,
            _has_mark(mark),
        )
        if until is not None:
            query = query.where(t.PREDICTIONS.c.at <= until)
        return self.rows(query.order_by(t.PREDICTIONS.c.at.desc()).limit(most), PredictionRow)

    def labelled(
        self, service: str, since: float = 0.0, mark: str = "", most: int | None = None
    ) -> list[LabelledRow]:
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
                _has_mark(mark),
            )
        )
        if most:
            found = self.rows(query.order_by(t.FEEDBACK.c.id.desc()).limit(most), LabelledRow)[::-1]
        else:
            found = self.rows(query.order_by(t.FEEDBACK.c.id), LabelledRow)
        return list({row["id"]: row for row in found}.values())

    def count_answers(
        self, service: str, version: str, since: float, until: float, most: int, mark: str = ""
    ) -> int:
        """How many answers, at most `most`, a version gave from a moment to another, both included:
        to traffic, or to rows with a mark.
        """
        p = t.PREDICTIONS.c
        newest = (
            select(p.id)
            .where(p.service == service, p.version == version, p.at.between(since, until))
            .where(_has_mark(mark))
            .limit(most)
        )
        query = select(func.count().label("many")).select_from(newest.subquery())
        return self._scalar(query) or 0

    def count_labelled(self, service: str, since: float) -> dict[str, tuple[int, int]]:
        """By version: how many of its predictions since then have a true label, and how many of
        those are correct.
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
        for row in {r["id"]: r for r in self.rows(query, LabelledRow)}.values():
            judged, right = found.get(row["version"], (0, 0))
            found[row["version"]] = (
                judged + 1,
                right + (str(row["output"].get("label")) == row["label"]),
            )
        return found

    def counts(self) -> dict[str, int]:
        """How many requests each service answered so far; those of drills do not count."""
        with self.engine.connect() as con:
            return dict(counts(con))


def _has_mark(mark: str) -> ColumnElement[bool]:
    """The condition for rows with a mark, or for those of traffic."""
    if mark:
        return t.PREDICTIONS.c.mark == mark
    return is_traffic()
