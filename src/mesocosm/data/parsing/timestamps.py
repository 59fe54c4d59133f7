"""One text as a day or a moment, strict by the calendar, or refused with a reason in plain words.

Pure. SQL reads the plain forms; this reads what is left: days as `days.py` reads them, clocks and
offsets, basic ISO, seconds since 1970, serial days of spreadsheets. No day rolls over into another
month, and no offset makes another day of a date.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo

from mesocosm.data.parsing.chinese.clocks import translate_clock
from mesocosm.data.parsing.days import LAST_YEAR, NoMoment, parse_calendar_day, parse_day
from mesocosm.data.parsing.digits import to_ascii_digits

LONGEST = 200  # characters of a text that is tried
EPOCHS = {"epoch": 10**6, "epoch_ms": 10**3, "epoch_us": 1}
COUNTED = ("epoch", "epoch_ms", "epoch_us", "epoch_ns", "excel")
OFFSET = re.compile(r"\s*(Z|z|UTC|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)$")
BASIC = re.compile(
    r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(?:(\d{2})([.,]\d{1,9})?)?(Z|[+-]\d{2}(?::?\d{2})?)?"
)
CLOCK = re.compile(
    r"^(.*?)(?:[T\s]\s*)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?$"
)
NO_TIME = "there is no such time of day"
LATE = "it is finer than a microsecond, the finest that is kept"


def read_day(text: str, spec: str) -> str | None:
    """A day as ISO 8601 for SQL, None where the text is none; `spec` is the forms, each in a line.

    >>> read_day("5. März 2024", "dmy"), read_day("2023-01-05T23:30:00-05:00", "iso")
    ('2024-03-05', '2023-01-05')
    >>> print(read_day("2023-02-30", "iso"))
    None
    """
    try:
        return _parse_day(_normalize(text), tuple(spec.split("\n"))).isoformat()
    except NoMoment:
        return None


def explain_day(text: str, spec: str) -> str | None:
    """Why a text is no day.

    >>> explain_day("2023-02-30", "iso")
    'there is no 30 February 2023'
    """
    try:
        _parse_day(_normalize(text), tuple(spec.split("\n")))
    except NoMoment as why:
        return str(why) or None
    return None


def has_clock(text: str) -> bool:
    """Whether a text has a time of day behind its day.

    >>> has_clock("2026年3月5日 下午3点"), has_clock("2026年3月5日")
    (True, False)
    """
    try:
        return _split_clock(_normalize(text))[1] is not None
    except NoMoment:
        return False


def read_moment(text: str, spec: str) -> str | None:
    """A moment in UTC for SQL; the lines of `spec` are the zone, what an hour that comes twice or
    never is, and the forms.

    >>> read_moment("1700000000", "UTC\\nrefuse\\nepoch")
    '2023-11-14 22:13:20'
    >>> read_moment("5 mars 2024 14:30", "Europe/Paris\\nrefuse\\ndmy")
    '2024-03-05 13:30:00'
    """
    try:
        return str(_parse_moment(_normalize(text), *_split_spec(spec)).replace(tzinfo=None))
    except NoMoment:
        return None


def explain_moment(text: str, spec: str) -> str | None:
    """Why a text is no moment.

    >>> explain_moment("2024-03-31 02:30:00", "Europe/Berlin\\nrefuse\\niso")
    'this time does not exist in Europe/Berlin: the clocks went forward; set dst: earlier or later'
    """
    try:
        _parse_moment(_normalize(text), *_split_spec(spec))
    except NoMoment as why:
        return str(why) or None
    return None


def _split_spec(spec: str) -> tuple[str, str, tuple[str, ...]]:
    zone, fold, *forms = spec.split("\n")
    return zone, fold, tuple(forms)


def _normalize(text: str) -> str:
    if len(text) > LONGEST:
        raise NoMoment("it is too long for a date")
    return to_ascii_digits(unicodedata.normalize("NFKC", text).strip())


def _parse_day(text: str, forms: tuple[str, ...]) -> date:
    """The day as it is written: an offset tells the zone of its clock, not another day."""
    if (counted := _parse_count(text, forms)) is not None:
        return counted.date()
    text = _extend_basic_iso(text, forms)
    if ":" in text or re.search(r"\dT\d", text):
        text = OFFSET.sub("", text)
    day, clock = _split_clock(text)
    if clock:
        _parse_clock(clock)
    return parse_calendar_day(day, forms)


def _parse_moment(text: str, zone: str, fold: str, forms: tuple[str, ...]) -> datetime:
    if (counted := _parse_count(text, forms)) is not None:
        return counted
    text = _extend_basic_iso(text, forms)
    body, offset = _split_offset(text)
    day, clock = _split_clock(body)
    local = datetime.combine(parse_calendar_day(day, forms), datetime.min.time())
    if clock:
        local += _parse_clock(clock)
    if offset:
        return local - _parse_offset(offset)
    return _to_utc(local, zone, fold)


def _split_offset(text: str) -> tuple[str, str]:
    """A text without its offset, and the offset; empty where it has none."""
    match = OFFSET.search(text)
    if not match or ":" not in text:
        return text, ""
    return text[: match.start()], match[1]


def _split_clock(text: str) -> tuple[str, re.Match[str] | None]:
    """A text without its clock, and the match of its clock, None where it has none."""
    match = CLOCK.match(translate_clock(text))
    if not match:
        return text, None
    return match[1].strip(" ,"), match


def _parse_offset(mark: str) -> timedelta:
    if mark in ("Z", "z", "UTC"):
        return timedelta()
    digits = mark[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -offset if mark[0] == "-" else offset


def _to_utc(local: datetime, zone: str, fold: str) -> datetime:
    """A time of a zone in UTC.

    Args:
        fold: which moment is meant where the clocks went back, or forward: `earlier` or `later`;
            `refuse` takes none.

    Raises:
        NoMoment: the zone has the time twice or never, and `fold` refuses it.
    """
    from zoneinfo import ZoneInfo

    info = ZoneInfo(zone)
    both = sorted({_at_fold(local, info, number) for number in (0, 1)})
    real = [moment for moment in both if _to_local(moment, info) == local]
    if fold == "refuse":
        _refuse_change(len(real), zone)
    moments = real or both
    return moments[-1] if fold == "later" else moments[0]


def _at_fold(local: datetime, zone: tzinfo, fold: int) -> datetime:
    """A time of a zone in UTC, by its offset before (0) or after (1) a change of its clocks."""
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC).replace(tzinfo=None)


def _refuse_change(times: int, zone: str) -> None:
    """Refuse a time that a zone does not have exactly once.

    Args:
        times: how often it has it.
    """
    if times == 0:
        raise NoMoment(
            f"this time does not exist in {zone}: the clocks went forward; set dst: earlier or"
            " later"
        )
    if times == 2:
        raise NoMoment(
            f"this time occurs twice in {zone}: the clocks went back; set dst: earlier or later"
        )


def _to_local(moment: datetime, zone: tzinfo) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def _extend_basic_iso(text: str, forms: tuple[str, ...]) -> str:
    """A moment in basic ISO 8601 in its extended form; another text as it is."""
    match = BASIC.fullmatch(text)
    if not match or "iso" not in forms:
        return text
    year, month, day, hour, minute, second, part, offset = match.groups(default="")
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{part}{offset}"


def _parse_count(text: str, forms: tuple[str, ...]) -> datetime | None:
    """A count of seconds or days, where a form says that it is one and none before it reads the
    digits as a date.
    """
    unit = next((f for f in forms if f in COUNTED), None)
    if unit is None or not re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        return None
    if _is_day(text, forms[: forms.index(unit)]):
        return None
    if unit == "excel":
        return _parse_serial(text)
    return _parse_epoch(text, unit)


def _is_day(text: str, forms: tuple[str, ...]) -> bool:
    """Whether one of some forms reads a text as a day."""
    for form in forms:
        with suppress(NoMoment):
            if parse_day(text, form):
                return True
    return False


def _parse_epoch(text: str, unit: str) -> datetime:
    """A count since 1970, exact to the microsecond."""
    microseconds = _epoch_microseconds(text, unit)
    try:
        moment = datetime(1970, 1, 1) + timedelta(microseconds=microseconds)
    except OverflowError as error:
        why = "it is too far from 1970"
        if unit == "epoch":
            why += "; as milliseconds it may fit: epoch_ms"
        raise NoMoment(why) from error
    if unit == "epoch" and moment.year > LAST_YEAR:
        raise NoMoment(
            f"as seconds it lies after the year {LAST_YEAR}; as milliseconds it may fit: epoch_ms"
        )
    return moment


def _epoch_microseconds(text: str, unit: str) -> int:
    """A count of a unit as one of microseconds.

    Raises:
        NoMoment: it is no whole number of them.
    """
    whole, _, part = text.partition(".")
    count = int(whole + part) * EPOCHS.get(unit, 1)
    per: int = 10 ** len(part)
    if unit == "epoch_ns":
        per *= 1000
    if count % per:
        raise NoMoment(LATE)
    return count // per


def _parse_serial(text: str) -> datetime:
    """A serial day of a spreadsheet: 1 is 1 January 1900, and its day 60 does not exist."""
    days = float(text)
    if not 1 <= days < 2958466 or 60 <= days < 61:
        raise NoMoment("it is not a serial day of a spreadsheet (1 to 2958465; 60 does not exist)")
    # milliseconds, as a spreadsheet keeps them; its digits may end a little before a second
    part = round(days % 1 * 86_400_000)
    second = 1000 * round(part / 1000)
    if abs(second - part) <= 5:
        part = second
    first = datetime(1899, 12, 31 if days < 60 else 30)
    return first + timedelta(days=int(days), milliseconds=part)


def _parse_clock(clock: re.Match[str]) -> timedelta:
    """The time since midnight of a match of `CLOCK`.

    Raises:
        NoMoment: a day has no such time, or none that is kept exactly.
    """
    hour, minute, second = int(clock[2]), int(clock[3]), int(clock[4] or 0)
    part, half = clock[5] or "", clock[6]
    _check_time(hour, minute, second)
    if half and not 1 <= hour <= 12:
        raise NoMoment(NO_TIME)
    if part[6:].strip("0"):
        raise NoMoment(LATE)
    if half:
        hour = _to_24_hours(hour, half)
    return timedelta(
        hours=hour, minutes=minute, seconds=second, microseconds=int(part[:6].ljust(6, "0"))
    )


def _check_time(hour: int, minute: int, second: int) -> None:
    """Refuse a time that a day does not have."""
    if hour == 24:
        raise NoMoment("24:00 is refused: write 00:00 of the next day")
    if second == 60:
        raise NoMoment("a leap second (:60) is refused: a moment in UTC cannot hold it")
    if hour > 23 or minute > 59 or second > 59:
        raise NoMoment(NO_TIME)


def _to_24_hours(hour: int, half: str) -> int:
    """An hour of 1 to 12 with its half of the day, such as `pm`, as one of 0 to 23."""
    if half[0] in "pP":
        return hour % 12 + 12
    return hour % 12
