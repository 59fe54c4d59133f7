"""Moments read by the engine's strptime, which reads `%Y%m%d` of seven digits too: such formats
read texts of their full width alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from mesocosm.data.parsing.days import measure_format
from mesocosm.data.parsing.timestamps import COUNTED
from mesocosm.data.pipeline.ibis_sql import Column, cases, functions, literal, null

PARTS = {
    "year": "YyG",
    "month": "mbBh",
    "day": "d",
    "day of the year": "j",
    "week": "WUV",
    "weekday": "aAuw",
    "hour": "HI",
    "minute": "M",
    "second": "S",
    "part of a second": "fgn",
    "half of the day": "p",
    "zone": "zZ",
}
WHOLE = {
    "c": ("year", "month", "day", "hour", "minute", "second"),
    "x": ("year", "month", "day"),
    "X": ("hour", "minute", "second"),
    "T": ("hour", "minute", "second"),
}
DAYS = ({"month", "day"}, {"day of the year"}, {"week", "weekday"})  # parts that name one in a year
SHORTER = "dmyHIMSj"  # letters that may stand after `%-`


def check_format(form: str, names: Collection[str], example: str) -> str:
    """Accept a format of a moment: a known name, or letters of strptime that leave no part of a day
    open and give none twice.

    Args:
        names: formats that have a name.
        example: a format for the message.

    Raises:
        ValueError: it is neither; the message says what is wrong with it.
    """
    if form in names or form in COUNTED:
        return form
    if "%" not in form:
        raise ValueError(
            f'{", ".join([*names, "epoch", "epoch_ms", "excel"])}, or a format such as "{example}"'
        )
    _check_parts(form, _find_parts(form))
    return form


def _check_parts(form: str, parts: Sequence[str]) -> None:
    """Refuse a format that gives a part twice, or leaves one of a day open."""
    for part in dict.fromkeys(parts):
        if parts.count(part) > 1:
            raise ValueError(f"a format that gives each part once; {form!r} gives the {part} twice")
    if lacking := _find_lacking(set(parts)):
        raise ValueError(f"a format with year, month and day; {form!r} lacks the {lacking}")
    if re.search("%-?I", form) and "half of the day" not in parts:
        raise ValueError(
            f"a format with %p beside %I; {form!r} leaves open whether it is morning or afternoon"
        )


def _find_parts(form: str) -> list[str]:
    """The parts of a moment that a format's letters give, in their order."""
    parts: list[str] = []
    for dash, letter in re.findall(r"%(-?)(.?)", form.replace("%%", "")):
        given = _parts_of(dash, letter)
        if not given:
            raise ValueError(
                f"a format of known letters; '%{dash}{letter}' in {form!r} is none of strptime's"
            )
        parts += given
    return parts


def _parts_of(dash: str, letter: str) -> Sequence[str]:
    """The parts that one letter gives; none where strptime does not know it."""
    if not letter or (dash and letter not in SHORTER):
        return ()
    single = [part for part, letters in PARTS.items() if letter in letters]
    return single or WHOLE.get(letter, ())


def _find_lacking(parts: set[str]) -> str:
    """Which part of a day is not given; empty where a day is named."""
    if "year" not in parts:
        return "year"
    if any(day <= parts for day in DAYS):
        return ""
    if "month" in parts:
        return "day"
    return "month" if "day" in parts else "month and the day"


def check_counts(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Accept formats of which at most one is a count.

    Raises:
        ValueError: two are, and a number would have two readings.
    """
    if len(counts := [f for f in formats if f in COUNTED]) > 1:
        raise ValueError(f"one of {' and '.join(counts)}: a number would have two readings")
    return formats


def parse_column(said: Column, forms: Sequence[str]) -> Column:
    """The moment of a text by the first of the formats that reads it, null where none does."""
    call = functions()["try_strptime"]
    # the engine reads `epoch` and `infinity` as days
    said = cases((said.re_search("[0-9]"), said), other=null())
    loose, by_width = _group_by_width(forms)
    found: list[Column] = []
    if loose:
        found.append(call(said, literal(loose, "array<string>")))
    for width, formats in sorted(by_width.items()):
        text = cases((said.length() == width, said), other=null())
        found.append(call(text, literal(formats, "array<string>")))
    if not found:
        return null("timestamp")
    first, *others = found
    for other in others:
        first = first.coalesce(other)
    return first


def _group_by_width(forms: Sequence[str]) -> tuple[list[str], dict[int, list[str]]]:
    """The formats that read texts of any width, and the others by the width that they read."""
    loose: list[str] = []
    by_width: dict[int, list[str]] = {}
    for form in forms:
        width = measure_format(form)
        if width is None:
            loose.append(form)
        else:
            by_width.setdefault(width, []).append(form)
    return loose, by_width
