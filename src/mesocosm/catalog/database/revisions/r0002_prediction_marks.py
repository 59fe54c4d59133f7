"""Predictions have a mark (a drill's are no traffic); indexes of the log.

Some catalogs of release 0.6 have a part of it, so each step looks first.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import inspect

from mesocosm.catalog.database import schema as t

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, the tables and the indexes that are not there."""
    connection = op.get_bind()
    t.META.create_all(connection)
    columns = {str(column["name"]) for column in inspect(connection).get_columns("predictions")}
    if "mark" not in columns:
        op.add_column("predictions", t.PREDICTIONS.c.mark.copy())
    there: set[str] = set()
    for table in inspect(connection).get_table_names():
        there |= {str(index["name"]) for index in inspect(connection).get_indexes(table)}
    for index in t.INDEXES:
        if index.name not in there:
            index.create(connection, checkfirst=True)
