"""What queries of the engine give, in plain types: a count, a value, rows, names of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def read_rows(con: DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    """The rows that a query gives."""
    return con.execute(query).fetchall()


def read_row(con: DuckDBPyConnection, query: str) -> tuple[object, ...]:
    """The first row that a query gives; it gives one at least."""
    return read_rows(con, query)[0]


def read_value(con: DuckDBPyConnection, query: str) -> object:
    """The one value that a query gives."""
    return read_row(con, query)[0]


def read_text(con: DuckDBPyConnection, query: str) -> str | None:
    """The one text that a query gives, None where it is null."""
    value = read_value(con, query)
    if value is None:
        return None
    return str(value)


def read_counts(con: DuckDBPyConnection, query: str) -> list[int]:
    """The whole numbers in the first row that a query gives."""
    return [int(value) for value in con.execute(query).fetchall()[0]]


def count_rows(con: DuckDBPyConnection, table: str, condition: str = "true") -> int:
    """How many rows of a table meet a condition.

    Args:
        table: its name in SQL, or SQL that reads it.
    """
    return read_counts(con, f"select count(*) from {table} where {condition}")[0]


def describe_columns(con: DuckDBPyConnection, table: str) -> dict[str, str]:
    """The type of each column of a table, by its name.

    Args:
        table: its name in SQL, or SQL that reads it.
    """
    described = read_rows(con, f"describe select * from {table}")
    return {str(row[0]): str(row[1]) for row in described}


def list_columns(con: DuckDBPyConnection, table: str) -> list[str]:
    """The names of the columns of a table, in their order."""
    return list(describe_columns(con, table))
