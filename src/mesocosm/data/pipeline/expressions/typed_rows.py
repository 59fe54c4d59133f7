"""What a query of the engine gives, each column as one type.

Knows DuckDB's results. What a query gives is known by its SQL, so it is converted here, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def read_texts(con: DuckDBPyConnection, query: str) -> list[str]:
    """The first column of a query's rows; none of them is null."""
    return [str(row[0]) for row in con.execute(query).fetchall()]


def count_texts(con: DuckDBPyConnection, query: str) -> dict[str, int]:
    """The rows of each text, from a query of texts and counts."""
    return {str(row[0]): int(row[1]) for row in con.execute(query).fetchall()}


def map_texts(con: DuckDBPyConnection, query: str) -> dict[str, str]:
    """The second text of each first one, from a query of two texts."""
    return {str(row[0]): str(row[1]) for row in con.execute(query).fetchall()}


def count_text_or_null(con: DuckDBPyConnection, query: str) -> dict[str | None, int]:
    """The rows of each text, and of null, from a query of texts and counts."""
    rows = con.execute(query).fetchall()
    return {None if row[0] is None else str(row[0]): int(row[1]) for row in rows}


def read_numbers(con: DuckDBPyConnection, query: str) -> list[float | None]:
    """The numbers in the first row that a query gives, None where one is null."""
    row = con.execute(query).fetchall()[0]
    return [None if value is None else float(value) for value in row]
