"""One text as a day or a moment, strict by the calendar, or refused with a reason in plain words.

Pure. SQL reads the plain forms; this reads what is left: days as `days.py` reads them, clocks and
offsets, basic ISO, seconds since 1970, serial days of spreadsheets. No day rolls over into another
month, and no offset makes another day of a date.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from mesocosm.data.parsing.days import NoMoment, calendar_day, day_by_form

EPOCHS = {"epoch": 10**6, "epoch_ms": 10**3, "epoch_us": 1}
COUNTED = ("epoch", "epoch_ms", "epoch_us", "epoch_ns", "excel")
OFFSET = re.compile(r"\s*(Z|z|UTC|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)$")
BASIC = re.compile(
    r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(?:(\d{2})([.,]\d{1,9})?)?(Z|[+-]\d{2}(?::?\d{2})?)?"
)
CLOCK = re.compile(
    r"^(.*?)(?:[T\s]\s*)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?$"
)
LATE = "it is finer than a microsecond, the finest that is kept"


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
        return calendar_day(clock[1].strip(" ,"), forms)
    return calendar_day(body, forms)


def _moment(text: str, zone: str, fold: str, forms: tuple[str, ...]) -> datetime:
    if (counted := _counted(text, forms)) is not None:
        return counted
    from zoneinfo import ZoneInfo

    text = _extended(text, forms)
    offset = OFFSET.search(text) if ":" in text else None
    body = text[: offset.start()] if offset else text
    clock = CLOCK.match(_chinese_clock(body))
    local = datetime.combine(
        calendar_day(clock[1].strip(" ,") if clock else body, forms), datetime.min.time()
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
            if day_by_form(text, form):
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
