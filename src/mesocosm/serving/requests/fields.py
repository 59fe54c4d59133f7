"""The fields of a row at a service: what each takes, and what training knew of it.

Knows one record; makes nothing ready.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.serving.requests.listed_values import is_complete
from mesocosm.serving.requests.missing import is_missing
from mesocosm.serving.requests.nested import as_text, nested_form, refuse_nested
from mesocosm.serving.requests.refusals import NON_FINITE, field_mismatch, json_kind

MOST_TEXT = 20_000
NUMBERS = ("number", "integer", "decimal")
FAR = 0.1  # of the width of the training range, beyond it


class Fields:
    """What a service reads: the fields of a row, and what training knew of each.

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
        self.asked = [n for n, field in self.fields.items() if not field.get("extra")]
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

    def check(self, row: Any) -> None:
        """Refuse a row that is no map, lacks fields or has some too many, all of them named, or
        that has a value no text or number can be.

        Raises:
            Wrong: with the field, what was found and what would be right.
        """
        if not isinstance(row, Mapping):
            raise Wrong("", f"a row is {json_kind(row)}", "an object with a value for each field")
        unknown = [str(name) for name in row if name not in self.fields]
        missing = [
            name
            for name, field in self.fields.items()
            if name not in row and not field.get("extra")
        ]
        if unknown or missing:
            raise field_mismatch(unknown, missing, self.fields)
        for name, value in row.items():
            field = self.fields[name]
            if isinstance(value, (list, dict)):
                if name not in self.nested or (
                    field.get("type") == "list" and not isinstance(value, list)
                ):
                    raise Wrong(name, f"{json_kind(value)} was given", field["wanted"])
                refuse_nested(name, value, field)
                value = as_text(value, self.nested[name])
            if isinstance(value, float) and not math.isfinite(value):
                raise Wrong(
                    name,
                    f"{NON_FINITE.get(str(value), str(value))} is not a JSON value",
                    field["wanted"]
                    + (", or null where it is missing" if field["may_miss"] else ""),
                )
            if isinstance(value, str):
                most = field.get("most", MOST_TEXT)
                if len(value) > most:
                    raise Wrong(
                        name, f"a text of {len(value)} characters was given", f"at most {most}"
                    )
                if field.get("type") in NUMBERS and value.strip().lstrip("+-").casefold() in (
                    "inf",
                    "infinity",
                ):
                    raise Wrong(
                        name, f"'{value.strip()[:40]}' is not a finite number", field["wanted"]
                    )

    def warnings(self, clean: Mapping[str, Any], raw: Mapping[str, Any]) -> list[dict[str, str]]:
        """What makes an answer doubtful: no field of the raw row has a value, or a value of the
        cleaned row was not known from training.

        Not known are new categories (only of fields whose categories are all listed, as up to 200
        are), and numbers outside of the training range by more than a tenth of its width.
        """
        found = []
        if self.asked and all(is_missing(raw.get(name), clean.get(name)) for name in self.asked):
            found.append(
                {
                    "field": "",
                    "warning": "empty row",
                    "detail": (
                        "none of its fields has a value, so the answer tells nothing of this row"
                    ),
                }
            )
        for name, known in self.seen.items():
            value = clean.get(name)
            if value is None:
                continue
            if isinstance(known, frozenset):
                one = str(value).lower() if isinstance(value, bool) else str(value)
                if one not in known:
                    found.append(
                        {
                            "field": name,
                            "warning": "unseen category",
                            "detail": (
                                f"{name}: '{one[:60]}' is none of the categories known from"
                                " training"
                            ),
                        }
                    )
            elif isinstance(value, (int, float)) and not known[0] <= value <= known[1]:
                low, high = known[2:]
                found.append(
                    {
                        "field": name,
                        "warning": "out of range",
                        "detail": (
                            f"{name}: {value:g} is far outside the training range, {low:g} to"
                            f" {high:g}"
                        ),
                    }
                )
        for name, (least, most, first, last) in self.days.items():
            if isinstance(value := clean.get(name), str) and not least <= value[:10] <= most:
                found.append(
                    {
                        "field": name,
                        "warning": "out of range",
                        "detail": (
                            f"{name}: {value[:10]} is far outside the days of the data, {first} to"
                            f" {last}"
                        ),
                    }
                )
        return found

    def logged(self, row: Mapping[str, Any], clean: Mapping[str, Any]) -> dict[str, Any]:
        """A raw row as it is kept beside its prediction.

        An image is kept as its length only, since it may say where it was taken; a private field as
        its recipe has it, or as missing.
        """
        found = dict(row)
        if not self.kept_otherwise:
            return found
        for name, value in row.items():
            field = self.fields.get(name, {})
            if field.get("image") and value is not None:
                found[name] = f"(an image of {len(str(value))} characters)"
            elif field.get("private"):
                found[name] = None if is_missing(value, clean.get(name)) else clean.get(name)
        return found


def _known_values(
    known: Mapping[str, Any],
) -> frozenset[str] | tuple[float, float, float, float] | None:
    """The categories of training rows; or between what a number is not far outside of them, and
    their range.
    """
    if known.get("counts"):
        return frozenset(known["counts"]) if is_complete(known) else None
    if not known.get("numbers"):
        return None
    low, high = float(known["numbers"][0]), float(known["numbers"][-1])
    return low - (high - low) * FAR, high + (high - low) * FAR, low, high


def _widen_days(first: float, last: float) -> tuple[str, str, str, str]:
    """Between which days a date is not far outside of the data, and the data's first and last, all
    in ISO 8601.

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
    return (
        date(1970, 1, 1) + timedelta(days=min(max(int(days // 1), -719_162), 2_932_896))
    ).isoformat()  # the first and last day of the calendar
