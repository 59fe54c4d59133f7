"""Values of a source's column that cannot be read: refused with how many and the first place."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def written_sql(column: str) -> str:
    """SQL of a cell of the table `s` as it is written; blank is missing."""
    return f"nullif(trim(s.{quote(column)}::varchar), '')"


def check_column(setting: str, source: str, column: str, columns: Collection[str]) -> None:
    """Refuse a column that a source lacks.

    Raises:
        ConfigValueError: with the columns that there are.
    """
    if column not in columns:
        raise ConfigValueError(
            setting,
            Message("data.source_without_column", source=source, column=column),
            Message("data.column_of_source"),
            sorted(columns),
            column,
        )


def refuse_unread(
    con: DuckDBPyConnection,
    place: tuple[str, str, str],
    unread: str,
    problem: str,
    expected: Message,
) -> None:
    """Refuse a column that holds values of another form.

    Args:
        place: the setting, the source and its column.
        unread: SQL of whether a row of the table `s` has such a value.
        problem: the id of the message, which takes `count`, `column`, `source` and `place`.

    Raises:
        ConfigValueError: there are such values.
    """
    setting, source, column = place
    table = f"{quote('src_' + source)} s"
    count = count_rows(con, table, unread)
    if not count:
        return
    first = f"select _file, _line from {table} where {unread} order by _file, _line limit 1"
    file, line = con.execute(first).fetchall()[0]
    found = Message(problem, count=count, column=column, source=source, place=f"{file}:{line}")
    raise ConfigValueError(setting, found, expected)
