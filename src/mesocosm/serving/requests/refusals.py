"""What is said of a row that is refused, and over which field.

Knows the fields' names; checks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.errors import Wrong, nearest

NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
SHOWN = 50  # fields named in one sentence


def find_refused_field(why: str, fields: Mapping[str, Any]) -> str:
    """The field over which a row was refused, or the rule where it names none.

    >>> find_refused_field("amount: 'x' is no number", {"amount": {}}), find_refused_field("breaks the rule: age between 18 and 100", {"age": {}})
    ('amount', 'age')
    >>> find_refused_field("amount lies outside -3 to 9 (iqr)", {"amount": {}})
    'amount'
    """
    name, _, rule = why.partition(":")
    if name in fields:
        return name
    named = [f for f in fields if re.search(rf"(?<!\w){re.escape(f)}(?!\w)", rule or name)]
    return min(named, key=(rule or name).find) if named else (rule or name).strip()


def json_kind(value: object) -> str:
    """What a value is, in JSON's words.

    >>> [json_kind(v) for v in (None, True, 5, "x", [1], {})]
    ['null', 'a boolean', 'a number', 'a text', 'a list', 'an object']
    """
    if value is None:
        return "null"
    kinds = ((bool, "a boolean"), ((int, float), "a number"), (str, "a text"), (list, "a list"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "an object")


def field_mismatch(
    unknown: Sequence[str], missing: Sequence[str], fields: Mapping[str, Mapping[str, Any]]
) -> Wrong:
    """What is said of a row with fields that are not known, and without some that are wanted; every
    one is named.
    """
    if unknown:
        near = {
            name: close
            for name in unknown
            if (close := nearest(name, missing) or nearest(name, fields))
        }
        said = (
            "this service reads no such field"
            if len(unknown) == 1
            else f"this service reads none of the fields {_listed(unknown)}"
        )
        lacks = (
            f"; the field{'s' * (len(missing) > 1)} {_listed(missing)}"
            f" {'are' if len(missing) > 1 else 'is'} missing"
            if missing
            else ""
        )
        hints = (
            "; "
            + ", ".join(
                f"for '{a[:60]}' did you mean '{b}'?" for a, b in list(near.items())[:SHOWN]
            )
            if near and (len(unknown) > 1 or missing)
            else ""
        )
        return Wrong(
            unknown[0][:60], said + lacks + hints, "one of its fields", list(fields), unknown[0]
        )
    name = missing[0]
    if len(missing) == 1:
        return Wrong(
            name,
            "the field is missing",
            fields[name]["wanted"]
            + (", or null to have it filled" if fields[name]["may_miss"] else ""),
        )
    may = [n for n in missing if fields[n]["may_miss"]]
    return Wrong(
        "",
        f"the fields {_listed(missing)} are missing",
        "each of them"
        + (
            f"; null has {'it' if len(may) == 1 else 'them'} filled for"
            f" {_listed(may) if len(may) < len(missing) else 'all'}"
            if may
            else ""
        ),
        missing,
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{n[:60]}'" for n in names[:SHOWN]) + (
        f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    )
