"""Lists and objects within a row, and each value as the text that the engine reads.

Knows JSON's forms; knows no record.
"""

from __future__ import annotations

import json
import math

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.serving.requests.field_records import FieldRecord
from mesocosm.serving.requests.refusals import NON_FINITE, json_kind

SPACED, CLOSE = (", ", ": "), (",", ":")  # what JSON has between items, and after keys
MOST_LEVELS = 32  # of lists and objects within each other


def nested_form(kind: str, known: TrainingColumn) -> tuple[str, str] | None:
    """The separators between items, and after keys, of the lists and objects that a field takes;
    None where it takes none.

    A field of type `list` takes lists. One of categories takes what training has in it: lists or
    objects as JSON, written as its source wrote them.

    >>> nested_form("list", {}), nested_form("category", {"counts": {"[a": 9}})
    ((', ', ': '), None)
    >>> nested_form("category", {"counts": {'["a","b"]': 9, "[]": 1}})
    (',', ':')
    """
    if kind == "list":
        return SPACED
    values = [str(v) for v in known.get("counts", ())]
    if kind != "category" or not values or not all(v.startswith(("[", "{")) for v in values):
        return None
    return _find_form(values)


def _find_form(values: list[str]) -> tuple[str, str] | None:
    """The separators that all JSON texts were written with."""
    for form in (SPACED, CLOSE):
        try:
            if all(to_text(json.loads(v), form) == v for v in values):
                return form
        except (ValueError, RecursionError):
            return None
    return None


def check_nested(name: str, value: object, field: FieldRecord, levels: int = MOST_LEVELS) -> None:
    """Reject a list or object that is too deep or has a number that JSON does not have; a field of
    type `list` takes plain items alone.

    Raises:
        ConfigValueError: with what was found.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigValueError(
            name,
            Message("serving.value_not_json", value=NON_FINITE.get(str(value), str(value))),
            field["wanted"],
        )
    if not isinstance(value, (list, dict)):
        return
    _check_level(name, value, field, levels)
    items = value.values() if isinstance(value, dict) else value
    for item in items:
        check_nested(name, item, field, levels - 1)


def _check_level(name: str, value: object, field: FieldRecord, levels: int) -> None:
    """Reject a list or object within too many others, or within a field of plain items."""
    if levels and (field.get("type") != "list" or levels == MOST_LEVELS):
        return
    outer = Message("serving.levels_of_others", levels=MOST_LEVELS)
    if levels:
        outer = Message("serving.the_list")
    raise ConfigValueError(
        name, Message("serving.got_inside", kind=json_kind(value), outer=outer), field["wanted"]
    )


def to_text(value: object, form: tuple[str, str] | None = None) -> str | None:
    """A value as text: texts as they are, others as JSON, with separators where they are given."""
    if value is None or isinstance(value, str):
        return value
    if form is None:
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False, separators=form)
