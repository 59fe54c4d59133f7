"""The fields of a row at a service: what each takes, and its training distribution.

Knows one record; prepares nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import cast

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json
from mesocosm.serving.requests.field_records import FieldRecord, PreparationRecord
from mesocosm.serving.requests.listed_values import is_complete
from mesocosm.serving.requests.missing import is_missing, spell
from mesocosm.serving.requests.nested import check_nested, nested_form, to_text
from mesocosm.serving.requests.refusals import NON_FINITE, field_mismatch, json_kind

MOST_TEXT = 20_000  # characters of a text, where a field does not say
NUMBERS = ("number", "integer", "decimal")
INFINITE = ("inf", "infinity")
FAR = 0.1  # of the width of the training range, beyond it
EMPTY_ROW = {
    "field": "",
    "warning": "empty row",
    "detail": "no field has a value, so the prediction does not depend on this row",
}


class Fields:
    """What a service reads: the fields of a row, and the training distribution of each.

    Args:
        record: that of a version's preparation.
    """

    def __init__(self, record: PreparationRecord) -> None:
        self.fields = record["fields"]
        self.training = record.get("training", {})
        self.spellings = record.get("spellings", {})
        self.kept_otherwise = any(map(_is_kept_otherwise, self.fields.values()))
        self.required = [n for n, field in self.fields.items() if not field.get("extra")]
        self.days_given = record.get("days", {})
        self.seen = self._list_known_values()
        self.days = self._list_days()
        self.nested = self._list_nested_forms()

    def _list_known_values(self) -> dict[str, Known]:
        """The values of training rows, or the bounds of their numbers, by field."""
        known = {n: _known_values(column) for n, column in self.training.items()}
        return {n: seen for n, seen in known.items() if n in self.fields and seen is not None}

    def _list_days(self) -> dict[str, tuple[str, str, str, str]]:
        """The days within which a date is not far outside of the data, by field."""
        return {n: _widen_days(*ends) for n, ends in self.days_given.items() if n in self.fields}

    def _list_nested_forms(self) -> dict[str, tuple[str, str]]:
        """The separators of lists and objects, by the fields that take them."""
        forms = {}
        for name, field in self.fields.items():
            form = nested_form(str(field.get("type")), self.training.get(name, {}))
            if form is not None:
                forms[name] = form
        return forms

    def check(self, row: object) -> None:
        """Validate a row: it is a map with all fields and no others, and each value is one that a
        text or number can be.

        Raises:
            ConfigValueError: with the field, what was found and what is expected.
        """
        if not isinstance(row, Mapping):
            raise ConfigValueError(
                "", Message("serving.row_is", kind=json_kind(row)), Message("serving.row_object")
            )
        self._check_names(row)
        for name, value in row.items():
            self._check_value(name, value)

    def _check_names(self, row: Mapping[str, object]) -> None:
        unknown = [str(name) for name in row if name not in self.fields]
        missing = [name for name in self.required if name not in row]
        if unknown or missing:
            raise field_mismatch(unknown, missing, self.fields)

    def _check_value(self, name: str, value: object) -> None:
        field = self.fields[name]
        if isinstance(value, (list, dict)):
            self._check_nested(name, value)
            value = to_text(value, self.nested[name])
        if isinstance(value, float) and not math.isfinite(value):
            raise _not_finite(name, value, field)
        if isinstance(value, str):
            _check_text(name, value, field)

    def _check_nested(self, name: str, value: object) -> None:
        field = self.fields[name]
        is_list_field = field.get("type") == "list"
        if name not in self.nested or (is_list_field and not isinstance(value, list)):
            raise ConfigValueError(
                name, Message("serving.got_kind", kind=json_kind(value)), field["wanted"]
            )
        check_nested(name, value, field)

    def warnings(
        self, clean: Mapping[str, object], raw: Mapping[str, object]
    ) -> list[dict[str, str]]:
        """What makes a prediction doubtful: no field of the raw row has a value, or a value of the
        cleaned row is outside the training data.

        Outside are new categories (only of fields whose categories are all listed, as up to 200
        are), and numbers outside of the training range by more than a tenth of its width.
        """
        found: list[dict[str, str] | None] = []
        if self._is_empty(clean, raw):
            found.append(dict(EMPTY_ROW))
        for name, known in self.seen.items():
            found.append(_warn_unknown(name, known, clean.get(name)))
        for name, days in self.days.items():
            found.append(_warn_day(name, days, clean.get(name)))
        return [warning for warning in found if warning]

    def _is_empty(self, clean: Mapping[str, object], raw: Mapping[str, object]) -> bool:
        """Whether no field that a row must have has a value."""
        if not self.required:
            return False
        return all(is_missing(raw.get(name), clean.get(name)) for name in self.required)

    def redact(self, row: Mapping[str, object], clean: Mapping[str, Json]) -> dict[str, Json]:
        """A raw row as it is logged with its prediction.

        An image is logged as its length only, since it may reveal where it was taken; a private
        field as its recipe transforms it, or as missing.
        """
        found = cast(dict[str, Json], dict(row))  # it was read from JSON
        if not self.kept_otherwise:
            return found
        for name in row:
            if name in self.fields and _is_kept_otherwise(self.fields[name]):
                found[name] = _redact_value(self.fields[name], found[name], clean.get(name))
        return found


def _is_kept_otherwise(field: FieldRecord) -> bool:
    """Whether a field's values are not logged as they came."""
    return bool(field.get("image") or field.get("private"))


def _redact_value(field: FieldRecord, value: Json, clean: Json) -> Json:
    if field.get("image") and value is not None:
        return f"(an image of {len(str(value))} characters)"
    if not field.get("private"):
        return value
    return None if is_missing(value, clean) else clean


def _not_finite(name: str, value: float, field: FieldRecord) -> ConfigValueError:
    """The error of a number that JSON does not have."""
    expected: Text = field["wanted"]
    if field["may_miss"]:
        expected = Message("serving.or_null", expected=expected)
    found = Message("serving.value_not_json", value=NON_FINITE.get(str(value), str(value)))
    return ConfigValueError(name, found, expected)


def _check_text(name: str, value: str, field: FieldRecord) -> None:
    most = field.get("most", MOST_TEXT)
    if len(value) > most:
        raise ConfigValueError(
            name,
            Message("serving.text_too_long", length=len(value)),
            Message("serving.at_most", most=most),
        )
    is_number = field.get("type") in NUMBERS
    if is_number and value.strip().lstrip("+-").casefold() in INFINITE:
        found = Message("serving.not_finite", value=value.strip()[:40])
        raise ConfigValueError(name, found, field["wanted"])


Known = frozenset[str] | tuple[float, float, float, float]


def _warn_unknown(name: str, known: Known, value: object) -> dict[str, str] | None:
    """A warning where a value is outside the training data."""
    if value is None:
        return None
    if isinstance(known, frozenset):
        category = spell(value)
        if category in known:
            return None
        detail = f"{name}: '{category[:60]}' is not a category known from training"
        return {"field": name, "warning": "unseen category", "detail": detail}
    if not isinstance(value, (int, float)) or known[0] <= value <= known[1]:
        return None
    low, high = known[2:]
    detail = f"{name}: {value:g} is far outside the training range, {low:g} to {high:g}"
    return {"field": name, "warning": "out of range", "detail": detail}


def _warn_day(name: str, days: tuple[str, str, str, str], value: object) -> dict[str, str] | None:
    """A warning where a date is far outside the days of the data."""
    least, most, first, last = days
    if not isinstance(value, str) or least <= value[:10] <= most:
        return None
    detail = f"{name}: {value[:10]} is far outside the days of the data, {first} to {last}"
    return {"field": name, "warning": "out of range", "detail": detail}


def _known_values(known: TrainingColumn) -> Known | None:
    """The categories of training rows; or the bounds within which a number is not far outside of
    them, and their range.
    """
    if known.get("counts"):
        if not is_complete(known):
            return None
        return frozenset(known["counts"])
    if not known.get("numbers"):
        return None
    low, high = float(known["numbers"][0]), float(known["numbers"][-1])
    return low - (high - low) * FAR, high + (high - low) * FAR, low, high


def _widen_days(first: float, last: float) -> tuple[str, str, str, str]:
    """The days between which a date is not far outside of the data, and the data's first and last,
    all in ISO 8601.

    Args:
        first: the first day, as days since 1970; `last` likewise.

    >>> _widen_days(18262.0, 18362.5)
    ('2019-12-21', '2020-04-20', '2020-01-01', '2020-04-10')
    """
    more = (last - first) * FAR
    return (
        _format_day(first - more),
        _format_day(last + more),
        _format_day(first),
        _format_day(last),
    )


def _format_day(days: float) -> str:
    # the first and last day of the calendar
    whole = min(max(int(days // 1), -719_162), 2_932_896)
    return (date(1970, 1, 1) + timedelta(days=whole)).isoformat()
