"""The schema of a Delta table: Arrow's types by the names that the protocol gives them.

Source: https://github.com/delta-io/delta/blob/master/PROTOCOL.md#schema-serialization-format
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesocosm.core.records import Json, JsonObject

if TYPE_CHECKING:
    from pyarrow import DataType, Field, Schema

NAMES = {
    "int8": "byte",
    "int16": "short",
    "int32": "integer",
    "int64": "long",
    "uint8": "short",
    "uint16": "integer",
    "uint32": "long",
    "float": "float",
    "double": "double",
    "bool": "boolean",
    "string": "string",
    "large_string": "string",
    "binary": "binary",
    "large_binary": "binary",
    "date32[day]": "date",
}


def describe_schema(schema: Schema) -> JsonObject:
    """A schema as the log holds it.

    Raises:
        ValueError: a column's type has no name in Delta.

    >>> import pyarrow
    >>> describe_schema(pyarrow.schema([pyarrow.field("n", pyarrow.int64(), False)]))["fields"]
    [{'name': 'n', 'type': 'long', 'nullable': False, 'metadata': {}}]
    """
    return {"type": "struct", "fields": [_describe_field(field) for field in schema]}


def needs_zoneless_times(schema: Schema) -> bool:
    """Whether a column holds moments without a zone, which only newer readers know."""
    return any(_holds_zoneless_times(field.type) for field in schema)


def _holds_zoneless_times(kind: DataType) -> bool:
    import pyarrow.types as types

    if types.is_timestamp(kind):
        return kind.tz is None
    inner = [kind.field(i).type for i in range(kind.num_fields)] if types.is_nested(kind) else []
    return any(map(_holds_zoneless_times, inner))


def _describe_field(field: Field[DataType]) -> JsonObject:
    return {
        "name": field.name,
        "type": _describe_type(field.type),
        "nullable": field.nullable,
        "metadata": {},
    }


def _describe_type(kind: DataType) -> Json:
    """A type by its name, or by what it consists of."""
    import pyarrow.types as types

    name = NAMES.get(str(kind))
    if name is not None:
        return name
    if types.is_timestamp(kind):
        return "timestamp" if kind.tz else "timestamp_ntz"
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if types.is_list(kind) or types.is_large_list(kind):
        inner = kind.value_field
        return {
            "type": "array",
            "elementType": _describe_type(inner.type),
            "containsNull": inner.nullable,
        }
    if types.is_struct(kind):
        return {"type": "struct", "fields": [_describe_field(field) for field in kind]}
    raise ValueError(f"a column of the type {kind} has no type in Delta")
