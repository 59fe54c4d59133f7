"""Records: frozen data with a form in JSON, converted at the edges only. Knows shapes, and no
record of its own.

A record's fields stand in the order of its JSON. A field's metadata says where the two differ:
`{"key": "from"}` names the key, `{"omit": True}` leaves a None out.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    Json: typing.TypeAlias = "None | bool | int | float | str | Sequence[Json] | Mapping[str, Json]"
else:
    Json = object

JsonObject: typing.TypeAlias = Mapping[str, Json]

OMIT = {"omit": True}
Column = tuple[str, str, object]  # the name, the key and the type of a field
_COLUMNS: dict[object, tuple[Column, ...]] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """Data that is read from JSON or from a row of a table, and written as JSON.

    >>> @dataclass(frozen=True, slots=True)
    ... class Pair(Record):
    ...     left: int
    ...     right: int | None = None
    >>> Pair.from_json({"left": 1, "more": 2})
    Pair(left=1, right=None)
    >>> Pair(1, 2).to_json()
    {'left': 1, 'right': 2}
    """

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """The record of a JSON object or of a row; keys that it does not know are left out.

        Raises:
            TypeError: a key is missing that has no default.
        """
        values: dict[str, object] = {}
        for name, key, kind in _columns(cls):
            if key in data:
                values[name] = _read(kind, data[key])
        make: Callable[..., Self] = cls
        return make(**values)

    def to_json(self) -> dict[str, Json]:
        """The record as JSON-ready data, its keys in the order of the fields."""
        data: dict[str, Json] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value is None and one.metadata.get("omit"):
                continue
            data[one.metadata.get("key", one.name)] = write_value(value)
        return data


def write_value(value: object) -> Json:
    """A value of a record as JSON: records as objects, sequences as lists."""
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(key): write_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [write_value(inner) for inner in value]
    return cast(Json, value)


def _columns(record: type[Record]) -> tuple[Column, ...]:
    """The name, the key and the type of each field; read once."""
    if record not in _COLUMNS:
        kinds = typing.get_type_hints(record)
        _COLUMNS[record] = tuple(
            (one.name, str(one.metadata.get("key", one.name)), kinds[one.name])
            for one in fields(record)
        )
    return _COLUMNS[record]


def _read(kind: object, value: object) -> object:
    """A value of JSON as the type of a field asks: records within it are made, tuples for lists."""
    if value is None:
        return None
    if isinstance(kind, type) and issubclass(kind, Record):
        return kind.from_json(cast(Mapping[str, object], value))
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _read_option(inner, value)
    if origin is tuple and isinstance(value, Sequence):
        return tuple(_read(inner[0], one) for one in value)
    if origin is Mapping and isinstance(value, Mapping):
        return {str(key): _read(inner[1], one) for key, one in value.items()}
    return value


def _read_option(kinds: Sequence[object], value: object) -> object:
    """A value of a union: of `X | None` as X asks; of more types as it is."""
    options = [kind for kind in kinds if kind is not types.NoneType]
    if len(options) == 1:
        return _read(options[0], value)
    return value
