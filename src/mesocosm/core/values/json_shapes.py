"""Values of JSON read as what they should be; what is anything else reads as nothing. Knows JSON's
shapes only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.core.records import Json, JsonObject


def read_object(value: object) -> JsonObject:
    """An object; an empty one for anything else.

    >>> read_object({"a": 1}), read_object(None)
    ({'a': 1}, {})
    """
    if isinstance(value, Mapping):
        return value
    return {}


def read_list(value: object) -> Sequence[Json]:
    """A list; an empty one for anything else.

    >>> read_list([1, 2]), read_list("ab")
    ([1, 2], [])
    """
    if isinstance(value, list | tuple):
        return value
    return []


def list_objects(value: object) -> list[JsonObject]:
    """The objects of a list.

    >>> list_objects([{"a": 1}, 2])
    [{'a': 1}]
    """
    return [item for item in read_list(value) if isinstance(item, Mapping)]


def list_texts(value: object) -> list[str]:
    """The texts of a list.

    >>> list_texts(["a", 2])
    ['a']
    """
    return [item for item in read_list(value) if isinstance(item, str)]


def list_numbers(value: object) -> list[float]:
    """The numbers of a list; true and false are none.

    >>> list_numbers([1, "b", 2.5, True])
    [1, 2.5]
    """
    numbers = map(read_number, read_list(value))
    return [number for number in numbers if number is not None]


def read_number(value: object) -> float | None:
    """A number; None for anything else, true and false among them.

    >>> read_number(2), read_number("2"), read_number(True)
    (2, None, None)
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def read_text(value: object) -> str | None:
    """A text; None for anything else.

    >>> read_text("a"), read_text(1)
    ('a', None)
    """
    if isinstance(value, str):
        return value
    return None
