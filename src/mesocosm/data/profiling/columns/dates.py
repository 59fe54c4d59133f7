"""What a column's values prove of dates: one order of day and month that reads every value, by the
calendar.

A column in which every value reads both ways is not known, and stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mesocosm.data.parsing.timestamps import read_day
from mesocosm.data.profiling.column_readings import day_month_order
from mesocosm.data.profiling.columns.column import Column

PARTS = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})")
CLOCK = re.compile(
    r"(.+?)[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(?:\s*([AaPp][Mm]))?(Z|[+-]\d{2}:?\d{2})?",
    re.S,
)
WORDS = (
    "%b %d, %Y",
    "%d %b %Y",
    "%b %d %Y",
    "%d-%b-%Y",
    "%d/%b/%Y",
    "%B %d, %Y",
    "%d %B %Y",
    "%B %d %Y",
)
HAN = (
    ("%Y年%m月%d日", re.compile(r"\d{4}年\d{1,2}月\d{1,2}日")),
    ("%Y年%m月%d号", re.compile(r"\d{4}年\d{1,2}月\d{1,2}号")),
)
MOST = 20_000


@dataclass
class Dates:
    """What the values prove: settings of a field and a sentence; or why nothing is proven (`open`),
    with the formats to choose from.
    """

    settings: dict[str, object] = field(default_factory=lambda: {})
    why: str = ""
    open: str = ""
    choices: list[list[str]] = field(default_factory=lambda: [])


def dates(column: Column) -> Dates | None:
    """What a column's values prove; None where they are no dates."""
    if not column.counts:
        return None
    if column.kind == "DATE":
        return Dates({"type": "date"}, "the source gives a date")
    if column.kind.startswith("TIMESTAMP"):
        return Dates(
            {"type": "time"},
            "the source gives a"
            f" time{' with its zone' if column.kind.endswith('TIME ZONE') else ''}",
        )
    if column.kind != "VARCHAR":
        return None
    values = list(column.counts)[:MOST]
    likely = sum(_like(v) for v in values[:200])
    if likely < 0.8 * min(200, len(values)):
        return None
    days, clocks, zones = [], [], []
    for value in values:
        match = CLOCK.fullmatch(value)
        days.append(match[1].strip() if match else value)
        clocks.append((match[2] + (match[3] or "")) if match else "")
        zones.append(match[4] or "" if match else "")
    forms, odd = dict[str, int](), list[str]()
    for value, day in zip(values, days, strict=True):
        kind = _kind(day)
        if kind:
            forms[kind] = forms.get(kind, 0) + column.counts[value]
        else:
            odd.append(value)
    seen = sum(column.counts[v] for v in values)
    if odd:
        bad = sum(column.counts[v] for v in odd)
        return (
            None
            if bad > 0.2 * seen
            else Dates(
                open=(
                    f"{seen - bad} of {seen} values look like dates, and {bad} are no day of the"
                    f" calendar, such as {odd[0][:24]!r}; it stays as it is written"
                )
            )
        )
    return _settled(
        forms, [day for day in days if _kind(day).startswith("D")], clocks, zones, values, seen
    )


def _settled(
    forms: dict[str, int],
    days: list[str],
    clocks: list[str],
    zones: list[str],
    values: list[str],
    seen: int,
) -> Dates | None:
    if "%Y%m%d" in forms and len(values) < 3:
        return None
    turned = [f for f in forms if f.startswith("D")]
    short = [f for f in turned if f.endswith("y")]
    proof = day_month_order(days)
    day_first, month_first = proof.counts.get("dmy", 0), proof.counts.get("mdy", 0)
    if proof.mixed:
        return Dates(
            open=(
                f"{day_first} values can only be day before month and {month_first} only month"
                " before day; it stays as it is written"
            )
        )
    asked = [
        [*(f for f in forms if f not in turned), *(_form(f, first) for f in turned)]
        for first in (True, False)
    ]
    if turned and not proof.reading:
        return Dates(
            open=(
                f"every one of its dates reads two ways: {(*proof.open, *days)[0]!r} is a day"
                " before a month or a month before a day, and no value tells which; it stays as it"
                " is written until 'formats' are given"
            ),
            choices=asked,
        )
    first = proof.reading == "dmy"
    formats = asked[0 if first else 1]
    said = (
        ""
        if not turned
        else (
            f"; {day_first or month_first} values can only be"
            f" {'day before month' if first else 'month before day'}, and none only the other"
        )
    )
    if short:
        return Dates(
            open=(
                f"its dates have years of two digits, whose century is not known{said}; it stays as"
                " it is written"
            ),
            choices=[formats],
        )
    if not any(clocks):
        return Dates(
            {"type": "date", "formats": _names(formats)},
            f"all {seen} values are dates as {', '.join(_names(formats))}{said}",
        )
    if not all(clocks) and len(forms) > 1:
        return Dates(
            open=(
                "some of its values have a time of day and others have none; it stays as it is"
                " written"
            )
        )
    return _timed(forms, formats, clocks, zones, first, seen, said)


def _timed(
    forms: dict[str, int],
    formats: list[str],
    clocks: list[str],
    zones: list[str],
    first: bool,
    seen: int,
    said: str,
) -> Dates:
    """Moments: forms that the type reads, or why none is proven."""
    if any(zones) and not all(zones):
        return Dates(
            open="some of its times name a zone and others do not; it stays as it is written"
        )
    if set(forms) <= {"iso"} and not any(c[-1:].lower() == "m" for c in clocks):
        return Dates(
            {"type": "time", "formats": ["iso"]},
            f"all {seen} values are times as iso"
            + (
                ""
                if any(zones)
                else "; they name no zone, so UTC is written here ('zone' changes it)"
            ),
        )
    made = sorted(
        {f"{day} {_clock(c)}" for day in formats for c in clocks if c}
        | ({f for f in formats if "%" in f} if not all(clocks) else set())
    )
    if len(made) > 6 or any(zones) or any(f.startswith("iso ") for f in made):
        return Dates(
            open=(
                "its times are written in more ways than one look settles; it stays as it is"
                " written"
            )
        )
    return Dates(
        {"type": "time", "formats": made},
        f"all {seen} values are times as {', '.join(made)}{said}; they name no zone, so UTC is"
        " written here ('zone' changes it)",
    )


def _clock(said: str) -> str:
    """The strptime format of a time of day."""
    half = said[-1:].lower() == "m"
    parts = said.rstrip("AaPpMm ").count(":")
    return (
        ("%I" if half else "%H")
        + ":%M"
        + (":%S" if parts == 2 else "")
        + (".%f" if "." in said else "")
        + (" %p" if half else "")
    )


def _like(value: str) -> bool:
    return 6 <= len(value) <= 40 and bool(
        re.match(
            r"\d{1,4}[-/.年 ]\d{1,2}|(19|20)\d{6}$|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2}["
            r" /-][A-Za-z]{3,9}[ /-]\d{4}",
            value,
        )
    )


def _kind(day: str) -> str:
    """Which form a day has: a format, or `D` with its separator and `Y` or `y` where day and month
    may change places; empty where it is none.
    """
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        return "iso" if read_day(day, "iso") else ""
    if re.fullmatch(r"(19|20)\d{6}", day):
        return "%Y%m%d" if read_day(day, "%Y%m%d") else ""
    for form, pattern in HAN:
        if pattern.fullmatch(day):
            return form if read_day(day, "zh") else ""
    if match := PARTS.fullmatch(day):
        first, mark, last = match[1], match[2], match[4]
        if len(first) == 4:
            return f"%Y{mark}%m{mark}%d" if len(last) <= 2 and read_day(day, "ymd") else ""
        if (
            len(first) > 2
            or len(last) not in (2, 4)
            or not (read_day(day, "dmy") or read_day(day, "mdy"))
        ):
            return ""
        return f"D{mark}{'Y' if len(last) == 4 else 'y'}"
    return next((form for form in WORDS if read_day(day, form)), "")


def _form(kind: str, day_first: bool) -> str:
    mark, year = kind[1], kind[2]
    return f"%d{mark}%m{mark}%{year}" if day_first else f"%m{mark}%d{mark}%{year}"


def _names(formats: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(formats))
