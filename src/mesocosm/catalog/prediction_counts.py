"""How many predictions each service answered, without a look at each: counts by service and hour.

In SQLite triggers keep the counts, in the transaction that adds or deletes a prediction and whoever
the writer is. In PostgreSQL, where one row that every writer changes would make writers wait for
each other, predictions are counted at each question. Drills do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Executable, func, select
from sqlalchemy.engine import Connection, Engine

from mesocosm.catalog.database import schema as t

HOUR = 3600
_TRAFFIC, _BUCKET = "coalesce({row}.mark, '') = ''", "cast(coalesce({row}.at, 0) / 3600 as integer)"
DROPS = (
    "drop trigger if exists predictions_came",
    "drop trigger if exists predictions_went",
)


def _of(row: str) -> tuple[str, str]:
    return (
        _TRAFFIC.format(row=row),
        f"service = coalesce({row}.service, '') and hour = {_BUCKET.format(row=row)}",
    )


def _statements() -> list[str]:
    (came, here), (went, there) = _of("new"), _of("old")
    return [
        (
            f"create trigger predictions_came after insert on predictions when {came} begin insert"
            " or ignore into counted (service, hour, n) values (coalesce(new.service, ''),"
            f" {_BUCKET.format(row='new')}, 0); update counted set n = n + 1 where {here}; end"
        ),
        (
            f"create trigger predictions_went after delete on predictions when {went} begin update"
            f" counted set n = n - 1 where {there}; end"
        ),
        "delete from counted",
        (
            "insert into counted (service, hour, n) select coalesce(service, ''),"
            f" {_BUCKET.format(row='predictions')}, count(*) from predictions where"
            f" {_TRAFFIC.format(row='predictions')} group by 1, 2"
        ),
    ]


def keep_counts(engine: Engine) -> None:
    """Have the catalog keep its counts; one that has predictions already is counted once."""
    if engine.dialect.name != "sqlite":
        return
    known = (
        "select count(*) from sqlite_master where type = 'trigger' and name in ('predictions_came',"
        " 'predictions_went')"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as con:
        if con.exec_driver_sql(known).scalar() == 2:
            return
        # the counts begin with the triggers, or another process made both meanwhile
        con.exec_driver_sql("begin immediate")
        try:
            if con.exec_driver_sql(known).scalar() != 2:
                for statement in (*DROPS, *_statements()):
                    con.exec_driver_sql(statement)
            con.exec_driver_sql("commit")
        except BaseException:
            con.exec_driver_sql("rollback")
            raise


def counts(con: Connection, until: float | None = None) -> Mapping[str, int]:
    """How many predictions each service answered, up to a moment (seconds since 1970) or so far."""
    p, c = t.PREDICTIONS.c, t.COUNTED.c
    single = select(p.service, func.count().label("n")).where(t.is_traffic()).group_by(p.service)
    if con.dialect.name != "sqlite":
        return _sum_counts(con, single if until is None else single.where(p.at <= until))
    whole = select(c.service, func.sum(c.n).label("n")).group_by(c.service)
    if until is None:
        return _sum_counts(con, whole)
    hour = int(until // HOUR)
    not_over = single.where(p.at >= hour * HOUR, p.at <= until)
    return _sum_counts(con, whole.where(c.hour < hour), not_over)


def _sum_counts(con: Connection, *queries: Executable) -> dict[str, int]:
    """The counts of several queries by service, added up; services of no prediction left out."""
    found: Counter[str] = Counter()
    for query in queries:
        for row in con.execute(query):
            found[str(row.service)] += int(row.n or 0)
    return {service: n for service, n in found.items() if n}
