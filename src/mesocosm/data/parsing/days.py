"""One text as a day, by forms: ISO, an order of numbers, names of months in several languages, a
format of Python, Chinese numerals. Knows the calendar and no clock.
"""

from __future__ import annotations

import re
from calendar import month_name
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from typing import Any

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")
HAN_DIGITS = dict(zip("〇零一二三四五六七八九", "00123456789", strict=True))
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
ANY = re.compile(r"^(\d{1,4})\s*([/.\- ])\s*(\d{1,2})\s*\2\s*(\d{1,4})$")
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


def calendar_day(text: str, forms: tuple[str, ...]) -> date:
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
            found = day_by_form(text, form)
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
            day = day_by_form(text, form) if form in (*ORDERS, "eu", "us") else None
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


def day_by_form(text: str, form: str) -> date | None:
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
        raise NoMoment(
            f"there is no {d} {month_name[m]} {y}" if 1 <= m <= 12 else f"there is no month {m}"
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
