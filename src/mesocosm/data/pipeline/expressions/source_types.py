"""The types that sources give their columns, and the Ibis types that they are read as.

Knows DuckDB's names of types.
"""

from __future__ import annotations

import re

IBIS = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "INTEGER": "int32",
    "SMALLINT": "int16",
    "TINYINT": "int8",
    "UBIGINT": "uint64",
    "UINTEGER": "uint32",
    "DOUBLE": "float64",
    "FLOAT": "float32",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
NESTED = re.compile(r"^(?:STRUCT|MAP|UNION|JSON)\b|\]$")  # types whose text is JSON
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def ibis_of(kind: str) -> str:
    """The Ibis type of a column as DuckDB names it, text where it has to be read as one.

    >>> ibis_of("DECIMAL(18,3)"), ibis_of("BIGINT"), ibis_of("STRUCT(a INTEGER)")
    ('decimal(18, 3)', 'int64', 'string')
    """
    match = DECIMAL.fullmatch(kind)
    if match:
        return f"decimal({match[1]}, {match[2]})"
    return IBIS.get(kind, "string")


def as_read(cell: str, kind: str) -> str:
    """SQL of a cell without loss: a nested value as JSON, a moment with a zone as ISO 8601 in UTC,
    another as it is.
    """
    if NESTED.search(kind):
        return f"to_json({cell})::varchar"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(timezone('UTC', {cell}), '%Y-%m-%dT%H:%M:%S.%fZ')"
    return cell
