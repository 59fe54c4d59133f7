"""Questions about the newest predictions of a service whose cost does not grow with the log. Knows
tables.
"""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import case, func, select

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import PredictionRow
from mesocosm.catalog.store import Catalog

BLOCK = 500  # ids in one query


class UnsureRow(TypedDict):
    """How many predictions there are, and how many of them abstain; None of no predictions."""

    n: int
    unsure: int | None


def find_unlabelled(catalog: Catalog, service: str, most: int) -> list[PredictionRow]:
    """Of the newest predictions of a service, `most` at most, those without a label, newest
    first.
    """
    rows = catalog.predictions(service, most)
    known: set[str] = set()
    for start in range(0, len(rows), BLOCK):
        ids = [row["id"] for row in rows[start : start + BLOCK]]
        known |= {
            str(row["prediction"])
            for row in catalog.rows(
                select(t.FEEDBACK.c.prediction).where(t.FEEDBACK.c.prediction.in_(ids))
            )
        }
    return [row for row in rows if row["id"] not in known]


def count_unsure(catalog: Catalog, service: str, most: int, since: float) -> tuple[int, int]:
    """Of the newest predictions of a service since a moment, `most` at most: how many there are,
    and how many have `unsure` in their output.
    """
    newest = select(t.PREDICTIONS.c.output["unsure"].as_boolean().label("unsure")).where(
        t.PREDICTIONS.c.service == service, t.PREDICTIONS.c.at > since, t.is_traffic()
    )
    part = newest.order_by(t.PREDICTIONS.c.at.desc()).limit(most).subquery()
    found = catalog.rows(
        select(
            func.count().label("n"),
            func.sum(case((part.c.unsure.is_(True), 1), else_=0)).label("unsure"),
        ).select_from(part),
        UnsureRow,
    )[0]
    return found["n"], found["unsure"] or 0
