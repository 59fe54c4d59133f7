"""The errors of rejected rows, and over which field they were rejected.

Knows the fields' names; checks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.errors import ConfigValueError, nearest

NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
SHOWN = 50  # fields named in one sentence


def find_refused_field(why: str, fields: Mapping[str, Any]) -> str:
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
    named = [f for f in fields if re.search(rf"(?<!\w){re.escape(f)}(?!\w)", text)]
    return min(named, key=text.find, default=text.strip())


def json_kind(value: object) -> str:
    """The kind of a value, in JSON's words.

    >>> [json_kind(v) for v in (None, True, 5, "x", [1], {})]
    ['null', 'a boolean', 'a number', 'a text', 'a list', 'an object']
    """
    if value is None:
        return "null"
    kinds = ((bool, "a boolean"), ((int, float), "a number"), (str, "a text"), (list, "a list"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "an object")


def field_mismatch(
    unknown: Sequence[str], missing: Sequence[str], fields: Mapping[str, Mapping[str, Any]]
) -> ConfigValueError:
    """The error of a row with unknown fields, or without some that are required; every one is
    named.
    """
    if unknown:
        return _unknown_fields(unknown, missing, fields)
    name = missing[0]
    if len(missing) == 1:
        expected = fields[name]["wanted"]
        if fields[name]["may_miss"]:
            expected += ", or null to have it imputed"
        return ConfigValueError(name, "the field is missing", expected)
    found = f"the fields {_join_names(missing)} are missing"
    optional = [n for n in missing if fields[n]["may_miss"]]
    return ConfigValueError(
        "", found, f"each of them{_describe_optional(optional, missing)}", missing
    )


def _describe_optional(optional: Sequence[str], missing: Sequence[str]) -> str:
    """Which of the missing fields null is allowed for; empty for none."""
    if not optional:
        return ""
    if len(optional) == len(missing):
        return "; null is imputed in all"
    return f"; null is imputed in {_join_names(optional)}"


def _unknown_fields(
    unknown: Sequence[str], missing: Sequence[str], fields: Mapping[str, Mapping[str, Any]]
) -> ConfigValueError:
    found = "this service has no such field"
    if len(unknown) > 1:
        found = f"this service has none of the fields {_join_names(unknown)}"
    if len(missing) == 1:
        found += f"; the field {_join_names(missing)} is missing"
    elif missing:
        found += f"; the fields {_join_names(missing)} are missing"
    if len(unknown) > 1 or missing:
        found += _suggest(unknown, missing, fields)
    return ConfigValueError(unknown[0][:60], found, "one of its fields", list(fields), unknown[0])


def _suggest(
    unknown: Sequence[str], missing: Sequence[str], fields: Mapping[str, Mapping[str, Any]]
) -> str:
    """The fields that unknown ones may mean, as a hint; empty where none is near."""
    hints = []
    for name in unknown:
        near = nearest(name, missing) or nearest(name, fields)
        if near:
            hints.append(f"for '{name[:60]}' did you mean '{near}'?")
    if not hints:
        return ""
    return "; " + ", ".join(hints[:SHOWN])


def _join_names(names: Sequence[str]) -> str:
    joined = ", ".join(f"'{n[:60]}'" for n in names[:SHOWN])
    if len(names) > SHOWN:
        joined += f" and {len(names) - SHOWN} more"
    return joined
