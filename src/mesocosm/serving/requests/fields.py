"""The fields of a row at a service: what each takes, and its training distribution.

Knows one record; prepares nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message, Text
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
        record: per field what is `wanted` and whether it `may_miss`; `training` has quantiles or
            counts, `days` the first and last day of each date in the data, `spellings` other texts
            for a label.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.fields: dict[str, dict[str, Any]] = record["fields"]
        self.training: dict[str, Any] = record.get("training", {})
        self.spellings: dict[str, str] = record.get("spellings", {})
        self.kept_otherwise = any(f.get("image") or f.get("private") for f in self.fields.values())
        self.required = [n for n, field in self.fields.items() if not field.get("extra")]
        self.seen = {
            n: seen
            for n, known in self.training.items()
            if n in self.fields and (seen := _known_values(known)) is not None
        }
        self.days_given: dict[str, list[float]] = record.get("days", {})
        self.days = {
            n: _widen_days(*ends) for n, ends in self.days_given.items() if n in self.fields
        }
        self.nested = {
            n: form
            for n, field in self.fields.items()
            if (form := nested_form(str(field.get("type")), self.training.get(n, {}))) is not None
        }

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
        unknown = [str(name) for name in row if name not in self.fields]
        missing = [name for name in self.required if name not in row]
        if unknown or missing:
            raise field_mismatch(unknown, missing, self.fields)
        for name, value in row.items():
            self._check_value(name, value)

    def _check_value(self, name: str, value: object) -> None:
        field = self.fields[name]
        if isinstance(value, (list, dict)):
            self._check_nested(name, value)
            value = to_text(value, self.nested[name])
        if isinstance(value, float) and not math.isfinite(value):
            expected: Text = field["wanted"]
            if field["may_miss"]:
                expected = Message("serving.or_null", expected=expected)
            found = Message("serving.value_not_json", value=NON_FINITE.get(str(value), str(value)))
            raise ConfigValueError(name, found, expected)
        if isinstance(value, str):
            _check_text(name, value, field)

    def _check_nested(self, name: str, value: list[Any] | dict[str, Any]) -> None:
        field = self.fields[name]
        is_list_field = field.get("type") == "list"
        if name not in self.nested or (is_list_field and not isinstance(value, list)):
            raise ConfigValueError(
                name, Message("serving.got_kind", kind=json_kind(value)), field["wanted"]
            )
        check_nested(name, value, field)

    def warnings(self, clean: Mapping[str, Any], raw: Mapping[str, Any]) -> list[dict[str, str]]:
        """What makes a prediction doubtful: no field of the raw row has a value, or a value of the
        cleaned row is outside the training data.

        Outside are new categories (only of fields whose categories are all listed, as up to 200
        are), and numbers outside of the training range by more than a tenth of its width.
        """
        found = []
        if self.required and all(
            is_missing(raw.get(name), clean.get(name)) for name in self.required
        ):
            found.append(dict(EMPTY_ROW))
        for name, known in self.seen.items():
            warning = _warn_unknown(name, known, clean.get(name))
            if warning:
                found.append(warning)
        for name, (least, most, first, last) in self.days.items():
            value = clean.get(name)
            if isinstance(value, str) and not least <= value[:10] <= most:
                detail = (
                    f"{name}: {value[:10]} is far outside the days of the data, {first} to {last}"
                )
                found.append({"field": name, "warning": "out of range", "detail": detail})
        return found

    def redact(self, row: Mapping[str, Any], clean: Mapping[str, Any]) -> dict[str, Any]:
        """A raw row as it is logged with its prediction.

        An image is logged as its length only, since it may reveal where it was taken; a private
        field as its recipe transforms it, or as missing.
        """
        found = dict(row)
        if not self.kept_otherwise:
            return found
        for name, value in row.items():
            field = self.fields.get(name, {})
            if field.get("image") and value is not None:
                found[name] = f"(an image of {len(str(value))} characters)"
            elif is_missing(value, clean.get(name)) and field.get("private"):
                found[name] = None
            elif field.get("private"):
                found[name] = clean.get(name)
        return found


def _check_text(name: str, value: str, field: Mapping[str, Any]) -> None:
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


def _known_values(known: Mapping[str, Any]) -> Known | None:
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
