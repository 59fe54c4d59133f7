"""Ibis as a typed compiler: small helpers the types and steps share, and the way to SQL.

Knows Ibis expressions and the DuckDB dialect. Runs nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

BLANK = ("", "na", "n/a", "nan", "null", "?")

Column = Any  # an Ibis column; Ibis's own types do not carry over its dynamic methods
Scalar = Any
Table = Any


@lru_cache(maxsize=1)
def functions() -> dict[str, Any]:
    """Functions of the engine that Ibis has no name for, as typed builtins."""
    import ibis

    def one(x: Any) -> Any: ...

    def two(x: Any, y: Any) -> Any: ...

    def builtin(name: str, takes: tuple[str, ...], gives: str) -> Any:
        shape = one if len(takes) == 1 else two
        return ibis.udf.scalar.builtin(shape, name=name, signature=(takes, gives))

    return {
        "try_strptime": builtin("try_strptime", ("string", "string"), "timestamp"),
        "sha256_bytes": builtin("sha256", ("binary",), "string"),
        "join": builtin("concat", ("binary", "binary"), "binary"),
        "unhex": builtin("unhex", ("string",), "binary"),
        "encode": builtin("encode", ("string",), "binary"),
    }


def table(name: str, columns: dict[str, str]) -> Table:
    """An unbound table to write expressions on; `columns` maps names to Ibis types."""
    import ibis

    return ibis.table(columns, name=name)


def to_sql(expression: Any) -> str:
    """An expression as DuckDB SQL."""
    import ibis

    return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))


def literal(value: Any, kind: str | None = None) -> Any:
    """A value as an Ibis literal of an Ibis type."""
    import ibis

    return ibis.literal(value, type=kind) if kind else ibis.literal(value)


def null(kind: str = "string") -> Any:
    """The null of an Ibis type."""
    import ibis

    return ibis.null(kind)


def cases(*pairs: tuple[Any, Any], other: Any) -> Column:
    """CASE WHEN, or `other` where there are no pairs."""
    import ibis

    return ibis.cases(*pairs, else_=other) if pairs else other


def first_of(columns: list[Column], kind: str = "string") -> Column:
    """The first column that is not null, or null."""
    import ibis

    return ibis.coalesce(*columns) if columns else ibis.null(kind)


def blank_to_null(raw: Column) -> Column:
    """Text without outer spaces; the usual spellings of nothing become null."""
    said = raw.cast("string").strip()
    return cases((said.lower().isin(BLANK), null()), other=said)


def matched(column: Column, known: dict[str, Any], kind: str) -> Column:
    """The value a column's text is mapped to, or null where the text is not known."""
    if not known:
        return null(kind)
    pairs = [(column == key, literal(value, kind)) for key, value in sorted(known.items())]
    return cases(*pairs, other=null(kind))


def run(expression: Any, **tables: Any) -> list[dict[str, Any]]:
    """Rows of an expression over Arrow tables, by an own DuckDB; for doctests and small work."""
    import duckdb

    with duckdb.connect() as con:
        for name, rows in tables.items():
            con.register(name, rows)
        return list(con.sql(to_sql(expression)).to_arrow_table().to_pylist())
