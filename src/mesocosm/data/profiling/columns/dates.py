"""What a column's values prove of dates: one order of day and month that reads every value, by the
calendar.

A column in which every value reads both ways is not known, and stays as it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

from mesocosm.data.parsing.chinese.days import COUNT
from mesocosm.data.parsing.timestamps import explain_day, has_clock, read_day
from mesocosm.data.profiling.column_readings import Proof, prove_day_month_order
from mesocosm.data.profiling.columns.column import AS_WRITTEN, Column, FieldSettings, Reading

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
FIXED = (  # forms that tell their order: the format, its texts, and the name that reads them
    ("iso", re.compile(r"\d{4}-\d{2}-\d{2}"), "iso"),
    ("%Y%m%d", re.compile(r"(19|20)\d{6}"), "%Y%m%d"),
    ("%Y年%m月%d日", re.compile(r"\d{4}年\d{1,2}月\d{1,2}日"), "zh"),
    ("%Y年%m月%d号", re.compile(r"\d{4}年\d{1,2}月\d{1,2}号"), "zh"),
)
ORDERS = {"dmy": "day before month", "mdy": "month before day"}
MOST = 20_000
FIRST = 200  # values that show whether a column is one of dates
MOSTLY = 0.8  # share of values from which on it is
MOST_ODD = 0.2  # share of the rows up to which values that are none are an open question
MOST_FORMS = 6
NO_ZONE = "they name no zone, so UTC is written here ('zone' changes it)"
ISO_TIME = re.compile("iso ")
CHINESE = re.compile(r"[年月].*[日号號月]|民[国國]|[上下]午|\d[点時时]")  # days that `zh` may read
LIKE = re.compile(
    r"\d{1,4}[-/.年 ]\d{1,2}|(19|20)\d{6}$|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2}["
    r" /-][A-Za-z]{3,9}[ /-]\d{4}"
)


LIKE_CHINESE = re.compile(
    rf"(?:公元|西元|中华|中華|民国|民國)*(?:{COUNT}+|元)年{COUNT}+月|{COUNT}+月{COUNT}+[日号號]|"
    r"[农農][历曆]"
)


@dataclass(frozen=True)
class _Parts:
    """The values of a column as days, with the clock and the zone of each; empty where it has
    none.
    """

    days: list[str]
    clocks: list[str]
    zones: list[str]


def profile_dates(column: Column) -> Reading | None:
    """What a column's values prove of dates; None where they are no dates."""
    if not column.counts:
        return None
    if column.kind != "VARCHAR":
        return _read_declared(column.kind)
    values = list(column.counts)[:MOST]
    first = values[:FIRST]
    if sum(map(_is_like_date, first)) < MOSTLY * len(first):
        return None
    return _profile_texts(column, values)


def _profile_texts(column: Column, values: list[str]) -> Reading | None:
    """What texts prove, most of which look like dates."""
    parts = _split_values(values)
    kinds = list(map(_classify_day, parts.days))
    if not all(kinds) and any(map(CHINESE.search, values)):
        return _profile_chinese(column, values)
    seen = sum(map(column.counts.__getitem__, values))
    odd = [value for value, kind in zip(values, kinds, strict=True) if not kind]
    if odd:
        return _refuse_odd(column, odd, seen)
    if "%Y%m%d" in kinds and len(values) < 3:
        return None
    return _choose_formats(parts, kinds, seen)


def _profile_chinese(column: Column, values: list[str]) -> Reading:
    """What Chinese days and moments prove, some of which no format of strptime reads."""
    seen = sum(map(column.counts.__getitem__, values))
    formats = ["zh"] if all(read_day(value, "zh") for value in values) else ["zh", "iso"]
    spec = "\n".join(formats)
    odd = [value for value in values if not read_day(value, spec)]
    if odd:
        bad = sum(column.counts[value] for value in odd)
        why = explain_day(odd[0], spec)
        return Reading(
            open=(
                f"{seen - bad} of {seen} values are Chinese dates, and {bad} are no day, such as"
                f" {odd[0][:24]!r}{f' ({why})' if why else ''}; {AS_WRITTEN}"
            )
        )
    clocks = sum(has_clock(value) for value in values)
    if 0 < clocks < len(values):
        return Reading(
            open=f"some of its values have a time of day and others have none; {AS_WRITTEN}"
        )
    names: FieldSettings = {"formats": [*formats]}
    if clocks:
        why = f"all {seen} values are times as {', '.join(formats)}; {NO_ZONE}"
        return Reading({"type": "time", **names}, why)
    return Reading(
        {"type": "date", **names}, f"all {seen} values are dates as {', '.join(formats)}"
    )


def _read_declared(kind: str) -> Reading | None:
    """A column to which its source gives a type."""
    if kind == "DATE":
        return Reading({"type": "date"}, "the source gives a date")
    if not kind.startswith("TIMESTAMP"):
        return None
    zone = " with its zone" if kind.endswith("TIME ZONE") else ""
    return Reading({"type": "time"}, f"the source gives a time{zone}")


def _refuse_odd(column: Column, odd: list[str], seen: int) -> Reading | None:
    """Why values that are no days leave the type open; None where they are many."""
    bad = sum(column.counts[v] for v in odd)
    if bad > MOST_ODD * seen:
        return None
    return Reading(
        open=(
            f"{seen - bad} of {seen} values look like dates, and {bad} are no day of the"
            f" calendar, such as {odd[0][:24]!r}; {AS_WRITTEN}"
        )
    )


def _split_values(values: list[str]) -> _Parts:
    parts = _Parts([], [], [])
    for value in values:
        match = CLOCK.fullmatch(value)
        if match:
            day, clock, half, zone = match.groups(default="")
            parts.days.append(day.strip())
            parts.clocks.append(clock + half)
            parts.zones.append(zone)
        else:
            parts.days.append(value)
            parts.clocks.append("")
            parts.zones.append("")
    return parts


def _choose_formats(parts: _Parts, kinds: list[str], seen: int) -> Reading:
    """The formats that read every value, by the one order of day and month that the values prove;
    or why none is proven.
    """
    days = [day for day, kind in zip(parts.days, kinds, strict=True) if _may_turn(kind)]
    proof = prove_day_month_order(days)
    forms = list(dict.fromkeys(kinds))
    question = _ask_order(proof, days, forms)
    if question is not None:
        return question
    formats = _list_formats(forms, day_first=proof.reading == "dmy")
    why = _explain_order(proof)
    if any(map(_has_short_year, forms)):
        return Reading(
            open=(
                f"its dates have years of two digits, whose century is not known{why}; {AS_WRITTEN}"
            ),
            choices=[formats],
        )
    if any(parts.clocks):
        return _choose_times(parts, formats, seen, why)
    return _read_days(formats, seen, why)


def _read_days(formats: list[str], seen: int, why: str) -> Reading:
    """A field of days, all of which some formats read."""
    names = list(dict.fromkeys(formats))
    return Reading(
        {"type": "date", "formats": names},
        f"all {seen} values are dates as {', '.join(names)}{why}",
    )


def _has_short_year(form: str) -> bool:
    """Whether a form whose day and month may change places has a year of two digits."""
    return _may_turn(form) and form.endswith("y")


def _may_turn(form: str) -> bool:
    """Whether day and month may change places in a form."""
    return form.startswith("D")


def _ask_order(proof: Proof, days: list[str], forms: list[str]) -> Reading | None:
    """Why the order of day and month is not known, with the formats to choose from; None where it
    is known.

    Args:
        days: the days in which day and month may change places.
    """
    if proof.mixed:
        return Reading(
            open=(
                f"{proof.counts['dmy']} values can only be day before month and"
                f" {proof.counts['mdy']} only month before day; {AS_WRITTEN}"
            )
        )
    if not days or proof.reading:
        return None
    return Reading(
        open=(
            f"every one of its dates reads two ways: {(*proof.open, *days)[0]!r} is a day"
            " before a month or a month before a day, and no value tells which;"
            f" {AS_WRITTEN} until 'formats' are given"
        ),
        choices=[_list_formats(forms, True), _list_formats(forms, False)],
    )


def _explain_order(proof: Proof) -> str:
    """The evidence for an order of day and month, empty where there is no such order."""
    if not proof.reading:
        return ""
    order = ORDERS[proof.reading]
    return f"; {proof.counts[proof.reading]} values can only be {order}, and none only the other"


def _choose_times(parts: _Parts, formats: list[str], seen: int, why: str) -> Reading:
    """The formats of times that read every value, or why none is proven."""
    zoned = any(parts.zones)
    if not all(parts.clocks) and len(formats) > 1:
        return Reading(
            open=f"some of its values have a time of day and others have none; {AS_WRITTEN}"
        )
    if zoned and not all(parts.zones):
        return Reading(open=f"some of its times name a zone and others do not; {AS_WRITTEN}")
    return _read_times(parts, formats, seen, why)


def _read_times(parts: _Parts, formats: list[str], seen: int, why: str) -> Reading:
    """A field of times of one kind, or why one look does not settle how they are written."""
    zoned = any(parts.zones)
    if formats == ["iso"] and not any(map(_has_half, parts.clocks)):
        return _read_iso_times(seen, zoned)
    found = _list_time_formats(parts, formats)
    if len(found) > MOST_FORMS or zoned or any(map(ISO_TIME.match, found)):
        return Reading(
            open=f"its times are written in more ways than one look settles; {AS_WRITTEN}"
        )
    names = sorted(found)
    return Reading(
        {"type": "time", "formats": names},
        f"all {seen} values are times as {', '.join(names)}{why}; {NO_ZONE}",
    )


def _read_iso_times(seen: int, zoned: bool) -> Reading:
    sentence = f"all {seen} values are times as iso"
    if not zoned:
        sentence += f"; {NO_ZONE}"
    return Reading({"type": "time", "formats": ["iso"]}, sentence)


def _list_time_formats(parts: _Parts, formats: list[str]) -> set[str]:
    """The formats of the days with those of the clocks, and alone where some have no clock."""
    clocks = set(map(_format_clock, filter(None, parts.clocks)))
    found = {f"{day} {clock}" for day, clock in product(formats, clocks)}
    if not all(parts.clocks):
        found |= {day for day in formats if "%" in day}
    return found


def _has_half(clock: str) -> bool:
    """Whether a clock has AM or PM."""
    return clock[-1:].lower() == "m"


def _format_clock(clock: str) -> str:
    """The strptime format of a time of day."""
    half = _has_half(clock)
    form = "%I:%M" if half else "%H:%M"
    if clock.count(":") == 2:
        form += ":%S"
    if "." in clock:
        form += ".%f"
    if half:
        form += " %p"
    return form


def _is_like_date(value: str) -> bool:
    if not 4 <= len(value) <= 40:
        return False
    return bool(LIKE.match(value) if len(value) > 5 else None) or _is_like_chinese(value)


def _is_like_chinese(value: str) -> bool:
    """Whether a value may be a Chinese day, whole or without its year."""
    return bool(LIKE_CHINESE.match(value))


def _classify_day(day: str) -> str:
    """Which form a day has: a format, or `D` with its separator and `Y` or `y` where day and month
    may change places; empty where it is none.
    """
    for form, pattern, name in FIXED:
        if pattern.fullmatch(day):
            return form if read_day(day, name) else ""
    if match := PARTS.fullmatch(day):
        return _classify_numbers(day, *match.groups())
    return next((form for form in WORDS if read_day(day, form)), "")


def _classify_numbers(day: str, first: str, mark: str, second: str, last: str) -> str:
    """The form of a day of three numbers with a mark between them."""
    if len(first) == 4:
        is_day = len(last) <= 2 and read_day(day, "ymd")
        return f"%Y{mark}%m{mark}%d" if is_day else ""
    year = {2: "y", 4: "Y"}.get(len(last), "")
    if len(first) > 2 or not year:
        return ""
    if read_day(day, "dmy") or read_day(day, "mdy"):
        return f"D{mark}{year}"
    return ""


def _list_formats(forms: list[str], day_first: bool) -> list[str]:
    """The formats of the forms of a column's days, those that tell their order first."""
    known = [form for form in forms if not _may_turn(form)]
    return [*known, *(_format_turned(form, day_first) for form in forms if _may_turn(form))]


def _format_turned(form: str, day_first: bool) -> str:
    mark, year = form[1], form[2]
    if day_first:
        return f"%d{mark}%m{mark}%{year}"
    return f"%m{mark}%d{mark}%{year}"
