"""One text as a day or a moment, strict by the calendar, or refused with a reason in plain words.

Pure. SQL reads the plain forms; this reads what is left: names of months in several languages,
offsets, basic ISO, seconds since 1970, serial days of spreadsheets. No day rolls over into another
month, and no offset makes another day of a date.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")
HAN_DIGITS = dict(zip("〇零一二三四五六七八九", "00123456789", strict=True))
EPOCHS = {"epoch": 10**6, "epoch_ms": 10**3, "epoch_us": 1}
COUNTED = ("epoch", "epoch_ms", "epoch_us", "epoch_ns", "excel")
WIDTHS = {
    "Y": 4,
    "y": 2,
    "m": 2,
    "d": 2,
    "H": 2,
    "I": 2,
    "M": 2,
    "S": 2,
    "j": 3,
    "f": 6,
}  # digits of the parts of a format
OFFSET = re.compile(r"\s*(Z|z|UTC|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)$")
BASIC = re.compile(
    r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(?:(\d{2})([.,]\d{1,9})?)?(Z|[+-]\d{2}(?::?\d{2})?)?"
)
CLOCK = re.compile(
    r"^(.*?)(?:[T\s]\s*)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?$"
)
ORDERS = ("dmy", "mdy", "ymd")
ANY = re.compile(r"^(\d{1,4})\s*([/.\- ])\s*(\d{1,2})\s*\2\s*(\d{1,4})$")
LATE = "it is finer than a microsecond, the finest that is kept"
FORMS = (  # of texts that are refused, and why
    (r"^\d{4}-?W\d{2}(?:-?\d)?$", "an ISO week date is refused: write year, month and day"),
    (
        r"^\d{4}-?\d{3}$",
        "an ordinal date (year and day of the year) is refused: write year, month and day",
    ),
    (
        (
            r"^\d{4}(?:[-/.]\d{1,2}|\d{2})?$|^\d{1,2}[/.-]\d{4}$|^[^\W\d_]+["
            r" .\-']*(?:\d{2}|\d{4})$|^\d{4}年\d{1,2}月$"
        ),
        "it names no day",
    ),
    (
        r"^(?:令和|平成|昭和|大正|明治|[RHSTM]\.?\d)",
        "a year of a Japanese era is refused: write the year of the common era",
    ),
    (
        r"^-?\d{5}(?:\.\d+)?$|^\d{9,19}(?:\.\d+)?$",
        "a count of days or seconds needs its format: excel, epoch or epoch_ms",
    ),
    (r"\d:\d{2}.*[+-](?:1[5-9]|[2-9]\d)(?::?\d{2})?$", "no zone has such an offset"),
    (
        r"\d:\d{2}.*[A-Z]{3,}|\[.*/.*\]|[A-Z][a-z]+/[A-Z]",
        "its zone is a name: write an offset such as +01:00",
    ),
)


class NoMoment(ValueError):
    """A text is no day or moment; says why."""


@lru_cache(maxsize=1)
def months() -> dict[str, int]:
    """Names of months, full and short, in small letters and without a point.

    >>> months()["märz"], months()["févr"], months()["sept"], months()["十二月"]
    (3, 2, 9, 12)
    """
    from babel import Locale

    found = {"sept": 9, "jänner": 1, "maerz": 3, "fevrier": 2, "fevr": 2, "aout": 8, "decembre": 12}
    for language in LANGUAGES:
        names = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in names[context][width].items():
                    found.setdefault(name.casefold().rstrip("."), int(number))
    return found | {
        f"{han}月": i + 1
        for i, han in enumerate(
            ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
        )
    }


def day_of(said: str, spec: str) -> str | None:
    """A day as ISO 8601 for SQL, None where the text is none; `spec` is the forms, each in a line.

    >>> day_of("5. März 2024", "dmy"), day_of("2023-01-05T23:30:00-05:00", "iso"), day_of("2023-02-30", "iso")
    ('2024-03-05', '2023-01-05', None)
    """
    try:
        return _day(_plain(said), tuple(spec.split("\n"))).isoformat()
    except NoMoment:
        return None


def why_no_day(said: str, spec: str) -> str | None:
    """Why a text is no day.

    >>> why_no_day("2023-02-30", "iso")
    'there is no 30 February 2023'
    """
    try:
        _day(_plain(said), tuple(spec.split("\n")))
    except NoMoment as why:
        return str(why) or None
    return None


def moment_of(said: str, spec: str) -> str | None:
    """A moment in UTC for SQL; the lines of `spec` are the zone, what an hour that comes twice or
    never is, and the forms.

    >>> moment_of("1700000000", "UTC\\nrefuse\\nepoch"), moment_of("5 mars 2024 14:30", "Europe/Paris\\nrefuse\\ndmy")
    ('2023-11-14 22:13:20', '2024-03-05 13:30:00')
    """
    try:
        return str(_moment(_plain(said), *_spec(spec)).replace(tzinfo=None))
    except NoMoment:
        return None


def why_no_moment(said: str, spec: str) -> str | None:
    """Why a text is no moment.

    >>> why_no_moment("2024-03-31 02:30:00", "Europe/Berlin\\nrefuse\\niso")
    'this time never was in Europe/Berlin: the clocks went forward; set dst: earlier or later'
    """
    try:
        _moment(_plain(said), *_spec(spec))
    except NoMoment as why:
        return str(why) or None
    return None


def _spec(spec: str) -> tuple[str, str, tuple[str, ...]]:
    zone, fold, *forms = spec.split("\n")
    return zone, fold, tuple(forms)


def _plain(said: str) -> str:
    if len(said) > 200:
        raise NoMoment("it is too long for a date")
    text = unicodedata.normalize("NFKC", said).strip()
    return "".join(
        (
            str(unicodedata.decimal(c))
            if not c.isascii() and unicodedata.decimal(c, None) is not None
            else c
        )
        for c in text
    )


def _day(text: str, forms: tuple[str, ...]) -> date:
    """The day as it is written: an offset tells the zone of its clock, not another day."""
    if (counted := _counted(text, forms)) is not None:
        return counted.date()
    text = _extended(text, forms)
    body = OFFSET.sub("", text) if ":" in text or re.search(r"\dT\d", text) else text
    clock = CLOCK.match(body)
    if clock:
        _time(clock)
        return _calendar(clock[1].strip(" ,"), forms)
    return _calendar(body, forms)


def _moment(text: str, zone: str, fold: str, forms: tuple[str, ...]) -> datetime:
    if (counted := _counted(text, forms)) is not None:
        return counted
    from zoneinfo import ZoneInfo

    text = _extended(text, forms)
    offset = OFFSET.search(text) if ":" in text else None
    body = text[: offset.start()] if offset else text
    clock = CLOCK.match(_chinese_clock(body))
    local = datetime.combine(
        _calendar(clock[1].strip(" ,") if clock else body, forms), datetime.min.time()
    )
    local += _time(clock) if clock else timedelta()
    if offset:
        mark = offset[1]
        if mark in ("Z", "z", "UTC"):
            return local
        sign, digits = (-1 if mark[0] == "-" else 1), mark[1:].replace(":", "")
        return local - sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    both = {
        local.replace(tzinfo=ZoneInfo(zone), fold=f).astimezone(UTC).replace(tzinfo=None)
        for f in (0, 1)
    }
    there = sorted(
        u
        for u in both
        if u.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    )
    if not there and fold == "refuse":
        raise NoMoment(
            f"this time never was in {zone}: the clocks went forward; set dst: earlier or later"
        )
    if len(there) == 2 and fold == "refuse":
        raise NoMoment(
            f"this time was twice in {zone}: the clocks went back; set dst: earlier or later"
        )
    able = there or sorted(both)
    return able[-1] if fold == "later" else able[0]


def _extended(text: str, forms: tuple[str, ...]) -> str:
    """A moment in basic ISO 8601 in its extended form; another text as it is."""
    found = BASIC.fullmatch(text) if "iso" in forms else None
    if not found:
        return text
    year, month, day, hour, minute, second, part, offset = (one or "" for one in found.groups())
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{part}{offset}"


def _counted(text: str, forms: tuple[str, ...]) -> datetime | None:
    """A count of seconds or days, where a form says that it is one and none before it reads the
    digits as a date.
    """
    kind = next((f for f in forms if f in COUNTED), None)
    if kind is None or not re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        return None
    for form in forms[: forms.index(kind)]:
        with suppress(NoMoment):
            if _by_form(text, form):
                return None
    return _counted_as(text, kind)


def _counted_as(text: str, kind: str) -> datetime:
    if kind == "excel":
        return _serial(text)
    whole, _, part = text.partition(".")
    many = int(whole + part) * EPOCHS.get(kind, 1)
    per = 10 ** len(part) * (1000 if kind == "epoch_ns" else 1)
    if many % per:
        raise NoMoment(LATE)
    try:
        found = datetime(1970, 1, 1) + timedelta(microseconds=many // per)
    except OverflowError as error:
        raise NoMoment(
            "it is too far from 1970"
            + ("; as milliseconds it may fit: epoch_ms" if kind == "epoch" else "")
        ) from error
    if kind == "epoch" and found.year > 2999:
        raise NoMoment(
            "as seconds it lies after the year 2999; as milliseconds it may fit: epoch_ms"
        )
    return found


def _serial(text: str) -> datetime:
    """A serial day of a spreadsheet: 1 is 1 January 1900, and its day 60 never was."""
    days = float(text)
    if not 1 <= days < 2958466 or 60 <= days < 61:
        raise NoMoment("it is no serial day of a spreadsheet (1 to 2958465; 60 never was)")
    part = round(
        days % 1 * 86_400_000
    )  # milliseconds, as a spreadsheet keeps them; its digits may end a little before a second
    near = 1000 * round(part / 1000)
    return datetime(1899, 12, 31 if days < 60 else 30) + timedelta(
        days=int(days), milliseconds=near if abs(near - part) <= 5 else part
    )


def _time(clock: re.Match[str]) -> timedelta:
    hour, minute, second, part, half = (
        int(clock[2]),
        int(clock[3]),
        int(clock[4] or 0),
        clock[5] or "",
        clock[6],
    )
    if hour == 24:
        raise NoMoment("24:00 is refused: write 00:00 of the next day")
    if second == 60:
        raise NoMoment("a leap second (:60) is refused: a moment in UTC cannot hold it")
    if hour > 23 or minute > 59 or second > 59 or (half and not 1 <= hour <= 12):
        raise NoMoment("there is no such time of day")
    if part[6:].strip("0"):
        raise NoMoment(LATE)
    if half:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return timedelta(
        hours=hour, minutes=minute, seconds=second, microseconds=int(part[:6].ljust(6, "0"))
    )


def _chinese_clock(text: str) -> str:
    found = re.match(r"^(.*[日号])\s*(\d{1,2})[时点](\d{1,2})分(?:(\d{1,2})秒)?$", text)
    return (
        f"{found[1]} {found[2]}:{found[3].zfill(2)}:{(found[4] or '0').zfill(2)}" if found else text
    )


def _calendar(text: str, forms: tuple[str, ...]) -> date:
    """A day without its clock, by the first form that reads it."""
    wrong = ""
    short = re.fullmatch(r"\d{1,2}\s*([/.\- ])\s*\d{1,2}\s*\1\s*\d{1,2}", text)
    if short and "ymd" in forms and len(days := _readings(text, forms)) > 1:
        raise NoMoment(
            f"it has two readings, {days[0]} and {days[1]}; 'formats' needs one order of year,"
            " month and day"
        )
    for form in forms:
        try:
            found = _by_form(text, form)
        except NoMoment as why:
            wrong = wrong or str(why)
            continue
        if found and not 1000 <= found.year <= 2999:
            raise NoMoment("its year is outside 1000 to 2999")
        if found:
            return found
    if not wrong and ANY.match(text):
        wrong = "its order is not among the formats; add dmy (day first), mdy (month first) or ymd"
    wrong = wrong or next((why for pattern, why in FORMS if re.search(pattern, text)), "")
    if (
        not wrong
        and _numbered(text)
        and not {*ORDERS, "eu", "us"} & {*forms}
        and not any("%b" in f or "%B" in f for f in forms)
    ):
        wrong = "the name of a month needs dmy, mdy or a format with %b among the formats"
    raise NoMoment(wrong)


def _readings(text: str, forms: tuple[str, ...]) -> list[date]:
    """The days that the orders among the forms read in a text."""
    found: set[date] = set()
    for form in forms:
        with suppress(NoMoment):
            day = _by_form(text, form) if form in (*ORDERS, "eu", "us") else None
            found |= {day} if day else set()
    return sorted(found)


def width_of(form: str) -> int | None:
    """Characters of a text by a format whose numbers follow each other without a mark; None for
    another format.

    >>> width_of("%Y%m%d"), width_of("%d.%m.%Y"), width_of("%Y%m%dT%H%M%S")
    (8, None, 15)
    """
    if not re.search(r"%[YymdHIMSjf]%[YymdHIMSjf]", form):
        return None
    return len(re.sub(r"%([YymdHIMSjf])", lambda m: "0" * WIDTHS[m[1]], form))


def _by_form(text: str, form: str) -> date | None:
    """The day of a text by one form, None where the form does not fit."""
    form = {"eu": "dmy", "us": "mdy"}.get(form, form)
    if form == "iso":
        found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text) or re.fullmatch(
            r"(\d{4})(\d{2})(\d{2})", text
        )
        return _made(found[1], found[2], found[3]) if found else None
    if form == "zh":
        found = re.fullmatch(r"(.+)年(.+)月(.+)[日号]", text.replace(" ", "")) or re.fullmatch(
            r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", text
        )
        read = [_han(one) for one in found.groups()] if found else []
        return _made(*read) if read and "0" not in read else None
    if form in ORDERS:
        return _ordered(text, form)
    if "%b" in form or "%B" in form:
        named = _numbered(text)
        return _strptime(named, re.sub(r"%[bB]", "\x00%m", form)) if named else None
    return None if "%" not in form else _strptime(text, form)


def _ordered(text: str, order: str) -> date | None:
    found = ANY.match(text)
    if found:
        parts = dict(zip(order, (found[1], found[3], found[4]), strict=True))
        if len(parts["y"]) not in (2, 4) or len(parts["d"]) > 2 or len(parts["m"]) > 2:
            return None
        return _made(parts["y"], parts["m"], parts["d"])
    named = _numbered(text)
    numbers = re.findall(r"\d+", named) if named else []
    body = re.sub(r"(?<=\d)(?:st|nd|rd|th|er|de|of)\b|\bde\b|\bof\b", "", named or "")
    if len(numbers) != 3 or not re.fullmatch(r"[\x00\d](?:[\s.,/'’\-]*[\x00\d])*", body):
        return None
    at = (named or "").index("\x00")
    month = int(numbers.pop(len(re.findall(r"\d+", (named or "")[:at]))))
    year, day = (
        (numbers[0], numbers[1])
        if len(numbers[0]) == 4 or order == "ymd"
        else (numbers[1], numbers[0])
    )
    return _made(year, str(month), day) if len(year) in (2, 4) and len(day) <= 2 else None


def _numbered(text: str) -> str | None:
    """A text with the name of its month as a number after a NUL; None where it names none or
    two.
    """
    known = months()
    found = [m for m in re.finditer(r"[^\W\d_]+\.?", text) if m[0].rstrip(".").casefold() in known]
    if len(found) != 1:
        return None
    one = found[0]
    return f"{text[: one.start()]}\x00{known[one[0].rstrip('.').casefold()]:02d}{text[one.end() :]}"


def _strptime(text: str, form: str) -> date | None:
    width = width_of(form.replace("\x00", ""))
    if width and len(text.replace("\x00", "")) != width:
        return None
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        pass
    found: Any = re.fullmatch(
        re.sub(r"%[dmYy]", lambda m: f"(?P<{m[0][1]}>\\d+)", re.escape(form)), text
    )
    if found and "d" in found.groupdict() and "m" in found.groupdict():
        parts = found.groupdict()
        if len(parts.get("Y") or "0000") < 4:
            raise NoMoment("its year has two digits; the format of such years has %y")
        if len(parts.get("Y") or parts.get("y") or "") in (2, 4):
            return _made(parts.get("Y") or parts["y"], parts["m"], parts["d"])
    return None


def _made(year: str, month: str, day: str) -> date:
    y, m, d = int(year), int(month), int(day)
    if len(year) == 2:
        y += 1900 if y >= 69 else 2000
    try:
        return date(y, m, d)
    except ValueError as error:
        names = (
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        )
        raise NoMoment(
            f"there is no {d} {names[m - 1]} {y}" if 1 <= m <= 12 else f"there is no month {m}"
        ) from error


def _han(text: str) -> str:
    """Chinese numerals as digits: 二〇二四, 十二, 三十一."""
    if text.isdecimal():
        return text
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (
            str(
                int(HAN_DIGITS.get(tens, "1" if not tens else "x")) * 10
                + int(HAN_DIGITS.get(ones, "0"))
            )
            if len(tens) < 2 and len(ones) < 2 and (not tens or tens in HAN_DIGITS)
            else "0"
        )
    return (
        "".join(HAN_DIGITS.get(c, "") for c in text) if all(c in HAN_DIGITS for c in text) else "0"
    )
