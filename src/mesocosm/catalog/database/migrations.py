"""Columns and indexes that a catalog of an earlier version lacks, added to it. Knows tables and
SQL.
"""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from mesocosm.catalog.database import schema as t

ADDED = (
    t.PREDICTIONS.c.mark,
)  # columns that a table got after it was first released; each may be null


def add_missing_columns(engine: Engine) -> list[str]:
    """Add the columns that the catalog's tables lack, and return their names.

    Two processes may do so at once: one of them adds the column, the other finds it there.

    Raises:
        DBAPIError: a column is missing and cannot be added.
    """
    found = []
    for column in ADDED:
        if column.name in _columns(engine, column.table.name):
            continue
        try:
            with engine.begin() as con:
                con.execute(
                    text(
                        f'alter table "{column.table.name}" add column "{column.name}"'
                        f" {column.type.compile(engine.dialect)}"
                    )
                )
        except DBAPIError:
            if column.name not in _columns(engine, column.table.name):
                raise
        found.append(column.name)
    return found


def _columns(engine: Engine, table: str) -> set[str]:
    return {str(c["name"]) for c in inspect(engine).get_columns(table)}


def add_missing_indexes(engine: Engine) -> None:
    """Add the indexes that the catalog's tables lack."""
    tables = {index.table.name for index in t.INDEXES if index.table is not None}
    there: set[str] = set()
    for table in tables:
        there |= indexes_of(engine, table)
    for index in t.INDEXES:
        if index.name not in there:
            index.create(engine, checkfirst=True)


def indexes_of(engine: Engine, table: str) -> set[str]:
    """The names of a table's indexes."""
    return {str(one["name"]) for one in inspect(engine).get_indexes(table)}
