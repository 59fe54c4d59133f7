"""Moments read by the engine's strptime, which reads `%Y%m%d` of seven digits too: such formats
read texts of their full width alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from mesocosm.data.parsing.days import width_of
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
SHORTER = "dmyHIMSj"  # letters that may stand after `%-`


def checked_format(form: str, names: Collection[str], example: str) -> str:
    """A format of a moment: a known name, or letters of strptime that leave no part of a day open
    and give none twice.

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
    seen: list[str] = []
    for dash, letter in re.findall(r"%(-?)(.?)", form.replace("%%", "")):
        part = [
            p
            for p, letters in PARTS.items()
            if letter and letter in letters and (not dash or letter in SHORTER)
        ]
        if not part and (dash or letter not in WHOLE):
            raise ValueError(
                f"a format of known letters; '%{dash}{letter}' in {form!r} is none of strptime's"
            )
        seen += part or WHOLE[letter]
    if twice := [p for p in dict.fromkeys(seen) if seen.count(p) > 1]:
        raise ValueError(f"a format that gives each part once; {form!r} gives the {twice[0]} twice")
    days = ({"month", "day"}, {"day of the year"}, {"week", "weekday"})
    if "year" not in seen or not any(way <= set(seen) for way in days):
        gone = (
            "year"
            if "year" not in seen
            else "day"
            if "month" in seen
            else "month"
            if "day" in seen
            else "month and the day"
        )
        raise ValueError(f"a format with year, month and day; {form!r} lacks the {gone}")
    if re.search("%-?I", form) and "half of the day" not in seen:
        raise ValueError(
            f"a format with %p beside %I; {form!r} leaves open whether it is morning or afternoon"
        )
    return form


def counted_once(formats: tuple[str, ...]) -> tuple[str, ...]:
    """The formats, where at most one of them is a count.

    Raises:
        ValueError: two are, and a number would have two readings.
    """
    if len(counts := [f for f in formats if f in COUNTED]) > 1:
        raise ValueError(f"one of {' and '.join(counts)}: a number would have two readings")
    return formats


def moment(said: Column, forms: Sequence[str]) -> Column:
    """The moment of a text by the first of the formats that reads it, null where none does."""
    call = functions()["try_strptime"]
    said = cases(
        (said.re_search("[0-9]"), said), other=null()
    )  # the engine reads `epoch` and `infinity` as days
    widths = {form: width_of(form) for form in forms}
    found = []
    loose = [f for f in forms if widths[f] is None]
    if loose:
        found.append(call(said, literal(loose, "array<string>")))
    for width in sorted({w for w in widths.values() if w is not None}):
        text = cases((said.length() == width, said), other=null())
        found.append(call(text, literal([f for f in forms if widths[f] == width], "array<string>")))
    first = found[0] if found else null("timestamp")
    for other in found[1:]:
        first = first.coalesce(other)
    return first
