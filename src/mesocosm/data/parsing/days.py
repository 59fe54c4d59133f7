"""One text as a day, by forms: ISO, an order of numbers, names of months in several languages, a
format of Python, Chinese numerals. Knows the calendar and no clock.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache

from mesocosm.data.parsing.chinese.days import check_weekday, explain_day, split_day
from mesocosm.data.parsing.refusal import NoMoment as NoMoment

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")
HAN_MONTHS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
OTHER_MONTHS = {  # spellings that Babel does not have
    "sept": 9,
    "jänner": 1,
    "maerz": 3,
    "fevrier": 2,
    "fevr": 2,
    "aout": 8,
    "decembre": 12,
}
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
ORDERS = ("dmy", "mdy", "ymd")
ALIASES = {"eu": "dmy", "us": "mdy"}
ORDERED = frozenset((*ORDERS, *ALIASES))
MONTH = "\x00"  # stands before the number that replaces the name of a month
PIVOT = 69  # years of two digits from here on are of the twentieth century, as POSIX has it
FIRST_YEAR, LAST_YEAR = 1000, 2999
ANY = re.compile(r"^(\d{1,4})\s*([/.\- ])\s*(\d{1,2})\s*\2\s*(\d{1,4})$")
SHORT = re.compile(r"\d{1,2}\s*([/.\- ])\s*\d{1,2}\s*\1\s*\d{1,2}")
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
        "it does not name a day",
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


@lru_cache(maxsize=1)
def load_months() -> dict[str, int]:
    """Names of months, full and short, in small letters and without a point.

    >>> [load_months()[name] for name in ("märz", "févr", "sept", "十二月")]
    [3, 2, 9, 12]
    """
    from babel import Locale

    found = dict(OTHER_MONTHS)
    for language in LANGUAGES:
        names = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                called: Mapping[int, str] = names[context][width]
                for number, name in called.items():
                    found.setdefault(name.casefold().rstrip("."), int(number))
    return found | {f"{han}月": number for number, han in enumerate(HAN_MONTHS, start=1)}


def parse_calendar_day(text: str, forms: tuple[str, ...]) -> date:
    """Read a day without its clock, by the first form that reads it.

    Raises:
        NoMoment: none does, or the text has two readings; says why where that is known.
    """
    if "ymd" in forms and SHORT.fullmatch(text):
        _check_one_reading(text, forms)
    wrong = ""
    for form in forms:
        try:
            day = parse_day(text, form)
        except NoMoment as error:
            wrong = wrong or str(error)
            continue
        if day:
            return _check_year(day)
    raise NoMoment(wrong or _explain_no_form(text, forms))


def _check_year(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise NoMoment(f"its year is outside {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _check_one_reading(text: str, forms: tuple[str, ...]) -> None:
    """Refuse a day that the orders among the forms read in two ways."""
    days = set[date]()
    for form in ORDERED.intersection(forms):
        with suppress(NoMoment):
            day = parse_day(text, form)
            if day:
                days.add(day)
    if len(days) > 1:
        first, second, *_ = sorted(days)
        raise NoMoment(
            f"it has two readings, {first} and {second}; 'formats' needs one order of year,"
            " month and day"
        )


def _explain_no_form(text: str, forms: tuple[str, ...]) -> str:
    """Why no form reads a text; empty where that is not known."""
    if ANY.match(text):
        return "its order is not among the formats; add dmy (day first), mdy (month first) or ymd"
    if why := _explain_chinese(text, forms):
        return why
    for pattern, why in FORMS:
        if re.search(pattern, text):
            return why
    if not _reads_names(forms) and _number_month(text):
        return "the name of a month needs dmy, mdy or a format with %b among the formats"
    return ""


def _explain_chinese(text: str, forms: tuple[str, ...]) -> str:
    """Why a Chinese text is no day; empty where that is not known."""
    if "zh" not in forms and split_day(text):
        return "a Chinese date needs zh among the formats"
    return explain_day(text)


def _reads_names(forms: tuple[str, ...]) -> bool:
    """Whether one of some forms reads the names of months."""
    return any(form in ORDERED or _names_month(form) for form in forms)


def _names_month(form: str) -> bool:
    """Whether a format of Python has the name of a month."""
    return "%b" in form or "%B" in form


def measure_format(form: str) -> int | None:
    """Characters of a text by a format whose numbers follow each other without a mark; None for
    another format.

    >>> measure_format("%Y%m%d"), measure_format("%d.%m.%Y"), measure_format("%Y%m%dT%H%M%S")
    (8, None, 15)
    """
    if not re.search(r"%[YymdHIMSjf]%[YymdHIMSjf]", form):
        return None
    return len(re.sub(r"%([YymdHIMSjf])", lambda m: "0" * WIDTHS[m[1]], form))


def parse_day(text: str, form: str) -> date | None:
    """Read the day of a text by one form, None where the form does not fit.

    Raises:
        NoMoment: the form fits, and the calendar has no such day.
    """
    form = ALIASES.get(form, form)
    if form in ORDERS:
        return _parse_ordered(text, form)
    if form in NAMED_FORMS:
        return NAMED_FORMS[form](text)
    if "%" not in form:
        return None
    if not _names_month(form):
        return _parse_format(text, form)
    numbered = _number_month(text)
    if numbered is None:
        return None
    return _parse_format(numbered, re.sub(r"%[bB]", f"{MONTH}%m", form))


def _parse_iso(text: str) -> date | None:
    match = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text)
    match = match or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
    if not match:
        return None
    return _make_date(*match.groups())


def _parse_chinese(text: str) -> date | None:
    parts = split_day(text)
    if not parts:
        match = re.fullmatch(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", text)
        return _make_date(*match.groups()) if match else None
    day = _make_date(parts.year, parts.month, parts.day)
    check_weekday(day, parts)
    return day


NAMED_FORMS = {"iso": _parse_iso, "zh": _parse_chinese}


def _parse_ordered(text: str, order: str) -> date | None:
    """The day of three numbers, or of two and the name of a month, in an order."""
    match = ANY.match(text)
    if not match:
        return _parse_named_month(text, order)
    parts = dict(zip(order, (match[1], match[3], match[4]), strict=True))
    if len(parts["m"]) > 2 or not _are_year_and_day(parts["y"], parts["d"]):
        return None
    return _make_date(parts["y"], parts["m"], parts["d"])


def _are_year_and_day(year: str, day: str) -> bool:
    """Whether two numbers have as many digits as a year and a day."""
    return len(year) in (2, 4) and len(day) <= 2


def _parse_named_month(text: str, order: str) -> date | None:
    """The day of two numbers and the name of a month; a year of four digits may stand first."""
    named = _number_month(text)
    if not named:
        return None
    numbers: list[str] = re.findall(r"\d+", named)
    if len(numbers) != 3 or not _has_numbers_only(named):
        return None
    before = re.findall(r"\d+", named[: named.index(MONTH)])
    month = int(numbers.pop(len(before)))
    year, day = reversed(numbers)
    if len(numbers[0]) == 4 or order == "ymd":
        year, day = numbers
    if not _are_year_and_day(year, day):
        return None
    return _make_date(year, str(month), day)


def _has_numbers_only(named: str) -> bool:
    """Whether a text holds nothing but numbers, what stands between them, and their endings."""
    body = re.sub(r"(?<=\d)(?:st|nd|rd|th|er|de|of)\b|\bde\b|\bof\b", "", named)
    return bool(re.fullmatch(r"[\x00\d](?:[\s.,/'’\-]*[\x00\d])*", body))


def _number_month(text: str) -> str | None:
    """A text with the name of its month as a number after `MONTH`; None where it names none or
    two.
    """
    known = load_months()
    words = re.finditer(r"[^\W\d_]+\.?", text)
    found = [m for m in words if m[0].rstrip(".").casefold() in known]
    if len(found) != 1:
        return None
    (word,) = found
    number = known[word[0].rstrip(".").casefold()]
    return f"{text[: word.start()]}{MONTH}{number:02d}{text[word.end() :]}"


def _parse_format(text: str, form: str) -> date | None:
    """The day of a text by a format of Python."""
    width = measure_format(form.replace(MONTH, ""))
    if not text or (width and len(text.replace(MONTH, "")) != width):
        return None
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return _parse_impossible(text, form)


def _parse_impossible(text: str, form: str) -> date | None:
    """The day of a text that has a format's numbers and is none of the calendar's days, so that the
    reason is given; None where it has not.
    """
    pattern = re.sub(r"%[dmYy]", lambda m: f"(?P<{m[0][1]}>\\d+)", re.escape(form))
    match = re.fullmatch(pattern, text)
    if not match:
        return None
    parts = match.groupdict()
    if "d" not in parts or "m" not in parts:
        return None
    year = _year_of(parts)
    if len(year) not in (2, 4):
        return None
    return _make_date(year, parts["m"], parts["d"])


def _year_of(parts: Mapping[str, str]) -> str:
    """The year among the parts of a day; empty where there is none.

    Raises:
        NoMoment: it has fewer digits than its format's letter asks for.
    """
    if "Y" in parts and len(parts["Y"]) < 4:
        raise NoMoment("its year has two digits; the format of such years has %y")
    return parts.get("Y") or parts.get("y") or ""


def _make_date(year: str, month: str, day: str) -> date:
    """The date of three numbers; a year of two digits is of 1969 to 2068.

    Raises:
        NoMoment: the calendar has no such day.
    """
    y, m, d = int(year), int(month), int(day)
    if len(year) == 2:
        y += 1900 if y >= PIVOT else 2000
    try:
        return date(y, m, d)
    except ValueError as error:
        if not 1 <= m <= 12:
            raise NoMoment(f"there is no month {m}") from error
        raise NoMoment(f"there is no {d} {month_name[m]} {y}") from error
