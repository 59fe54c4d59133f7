"""The errors of rejected rows, and over which field they were rejected.

Knows the fields' names; checks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mesocosm.core.errors import ConfigValueError, nearest
from mesocosm.core.messages import Message, Text
from mesocosm.core.values.words import whole_word
from mesocosm.serving.requests.field_records import FieldRecord

NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (bool, "boolean"),
    ((int, float), "number"),
    (str, "text"),
    (list, "list"),
)
SHOWN = 50  # fields named in one sentence


def find_refused_field(why: str, fields: Mapping[str, FieldRecord]) -> str:
    """The field over which a row was rejected, or the rule where it names none.

    >>> find_refused_field("amount: 'x' is not a number", {"amount": {}})
    'amount'
    >>> find_refused_field("breaks the rule: age between 18 and 100", {"age": {}})
    'age'
    >>> find_refused_field("amount lies outside -3 to 9 (iqr)", {"amount": {}})
    'amount'
    """
    name, _, rule = why.partition(":")
    if name in fields:
        return name
    text = rule or name
    named = [f for f in fields if re.search(whole_word(f), text)]
    return min(named, key=text.find, default=text.strip())


def json_kind(value: object) -> Message:
    """The kind of a value, in JSON's words.

    >>> [str(json_kind(v)) for v in (None, True, 5, "x", [1], {})]
    ['null', 'a boolean', 'a number', 'a text', 'a list', 'an object']
    """
    kind = next((name for types, name in KINDS if isinstance(value, types)), "object")
    return Message(f"serving.kind.{kind}")


def field_mismatch(
    unknown: Sequence[str], missing: Sequence[str], fields: Mapping[str, FieldRecord]
) -> ConfigValueError:
    """The error of a row with unknown fields, or without some that are required; every one is
    named.
    """
    if unknown:
        return _unknown_fields(unknown, missing, fields)
    name = missing[0]
    if len(missing) == 1:
        expected: Text = fields[name]["wanted"]
        if fields[name]["may_miss"]:
            expected = Message("serving.or_null_imputed", expected=expected)
        return ConfigValueError(name, Message("serving.field_missing"), expected)
    found = Message("serving.fields_missing", names=_join_names(missing))
    optional = [n for n in missing if fields[n]["may_miss"]]
    return ConfigValueError("", found, _describe_optional(optional, missing), missing)


def _describe_optional(optional: Sequence[str], missing: Sequence[str]) -> Message:
    """What is expected of missing fields, with those of them that may be null."""
    if not optional:
        return Message("serving.each_of_them")
    if len(optional) == len(missing):
        return Message("serving.null_in_all")
    return Message("serving.null_in_some", names=_join_names(optional))


def _unknown_fields(
    unknown: Sequence[str], missing: Sequence[str], fields: Mapping[str, FieldRecord]
) -> ConfigValueError:
    """The nearest names are given once: as hints, or at the end where that says the same."""
    found = _describe_unknown(unknown, missing)
    hints = tuple(_suggest(unknown, missing, fields))
    word = ""
    if len(unknown) == 1 and _nearest_missing(unknown[0], missing, fields) == nearest(
        unknown[0], fields
    ):
        word, hints = unknown[0], ()
    if hints:
        found = Message("serving.with_hints", found=found, hints=hints[:SHOWN])
    expected = Message("serving.one_of_its_fields")
    return ConfigValueError(unknown[0][:60], found, expected, list(fields), word)


def _describe_unknown(unknown: Sequence[str], missing: Sequence[str]) -> Message:
    """Unknown fields in words, with those that are missing."""
    found = Message("serving.no_such_field")
    if len(unknown) > 1:
        found = Message("serving.no_such_fields", names=_join_names(unknown))
    if len(missing) == 1:
        return Message("serving.and_field_missing", found=found, names=_join_names(missing))
    if missing:
        return Message("serving.and_fields_missing", found=found, names=_join_names(missing))
    return found


def _suggest(
    unknown: Sequence[str], missing: Sequence[str], fields: Mapping[str, FieldRecord]
) -> Iterator[Message]:
    """The fields that unknown ones may mean."""
    for name in unknown:
        near = _nearest_missing(name, missing, fields)
        if near:
            yield Message("serving.hint", name=name[:60], near=near)


def _nearest_missing(
    name: str, missing: Sequence[str], fields: Mapping[str, FieldRecord]
) -> str | None:
    """The field that an unknown one may mean: one that is missing before one that is there."""
    return nearest(name, missing) or nearest(name, fields)


def _join_names(names: Sequence[str]) -> Message:
    shown = tuple(f"'{n[:60]}'" for n in names[:SHOWN])
    if len(names) > SHOWN:
        return Message("serving.names_and_more", names=shown, more=len(names) - SHOWN)
    return Message("serving.names", names=shown)
