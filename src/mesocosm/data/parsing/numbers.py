"""One text as a figure and the unit beside it, read exactly or refused with a reason in plain
words.

Pure and strict: a mark groups digits only where groups stand (threes; twos before the last three as
in India; an apostrophe or a space in threes). A sign of currency or its ISO code stands before or
after. Nothing else is read.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache

from mesocosm.core.units import CURRENCIES, SIGNS, WORDS

BETWEEN = "\x1f"  # between figure and unit in what SQL gets
SPACES = " \u00a0\u2007\u2009\u202f"
MONEY = sorted(
    {
        *CURRENCIES,
        *SIGNS,
        *(w for words in WORDS.values() for w in words),
        "Rs.",
        "R$",
        "C$",
        "A$",
        "₹",
        "₩",
        "₽",
        "₺",
        "zł",
        "kr",
    },
    key=len,
    reverse=True,
)
MINUS = {"\u2212": "-", "\ufe63": "-", "\uff0d": "-", "\uffe5": "¥", "\uffe1": "£", "\uffe6": "₩"}
BODY = re.compile(rf"\d(?:[\d.,'\u2019{SPACES}\u066b\u066c]*\d)?(?:[.,](?!\d))?|[.,]\d+")
POWER = re.compile(r"[eE][-+]?\d+(?![\d.,])")


@dataclass(frozen=True)
class Figure:
    """A figure as a plain decimal text, and the unit beside it ("" for none)."""

    number: str
    unit: str


@dataclass(frozen=True)
class Refused:
    """Why a text is no figure; never repeats the text where `value` is left out."""

    reason: str


@lru_cache(maxsize=20_000)
def figure(text: str, decimal: str = ".") -> Figure | Refused:
    """The figure and unit of a text.

    Args:
        decimal: the decimal mark, `.` or `,`; `mixed` where a column shows both: the point is the
            mark, and a comma before three digits is refused.

    >>> figure("USD 1,234.50")
    Figure(number='1234.50', unit='USD')
    >>> figure("1.234,56 kg", ",")
    Figure(number='1234.56', unit='kg')
    >>> figure("-3e2")
    Figure(number='-3e2', unit='')
    >>> figure("12,5").reason
    'a comma before 1 digit is not a group mark; set decimal: ","'
    >>> figure("3-5 kg").reason
    'it is a range, not one number'
    """
    if len(text) > 400:
        return Refused("it is too long for a number")
    said = _plain(text)
    why = _not_one(said)
    if why:
        return Refused(why)
    sign, rest = _signed(said)
    mark, rest = _money(rest)
    if mark and not sign:
        sign, rest = _signed(rest)
    found = BODY.match(rest)
    if not found:
        return Refused(
            "it has no figure at its start"
            if any(c.isdigit() for c in said)
            else "it has no figure"
        )
    body, after = found[0], rest[found.end() :]
    power = POWER.match(after)
    if power:
        after = after[power.end() :]
    digits = _digits(body, decimal)
    if isinstance(digits, Refused):
        return digits
    if power and re.sub(r"[\d.]", "", body.replace(decimal, ".", 1) if decimal == "," else body):
        return Refused("group marks and an exponent do not go together")
    if power and decimal == "," and "." in body:
        return Refused('a point beside an exponent is a decimal point; set decimal: "."')
    unit = (mark + after.strip()).strip()
    if unit and (unit[0] in "-+/*×~<>=().,'’±–—" and not (unit[0] == "/" and unit[1:2].isalpha())):
        return Refused(f"'{unit[:20]}' after the figure is not a unit")
    if after[:1].isdigit() or any(unicodedata.category(c) == "No" for c in after[:1]):
        return Refused("it is a fraction or a power, not a plain number")
    return Figure(("-" if sign == "-" else "") + digits + (power[0] if power else ""), unit)


def figure_of(said: str, decimal: str) -> str | None:
    """The figure of a text as a plain decimal text for SQL, None where it is refused."""
    read = figure(said, decimal)
    return read.number if isinstance(read, Figure) else None


def unit_of(said: str, decimal: str) -> str | None:
    """The unit beside the figure of a text for SQL, None where the text is refused."""
    read = figure(said, decimal)
    return read.unit if isinstance(read, Figure) else None


def why_no_number(said: str, spec: str) -> str | None:
    """Why a text is no number of a field, None where the figure tells no reason.

    Args:
        spec: in lines the decimal mark, the field's unit (empty for none), the texts that it
            converts (`BETWEEN` them), its type, and the precision and scale of a `decimal`.

    >>> why_no_number("5 cm", ".\\nkg\\ng\\nnumber")
    "'cm' does not convert to kg"
    >>> why_no_number("9223372036854775808", ".\\n\\n\\ninteger")
    'it needs more than 64 bits'
    """
    decimal, unit, known, kind, *places = spec.split("\n")
    read = figure(said, decimal)
    if isinstance(read, Refused):
        return read.reason
    if read.unit and read.unit not in known.split(BETWEEN):
        beside = f"'{read.unit[:20]}'"
        return (
            f"{beside} does not convert to {unit}"
            if unit
            else f"{beside} stands beside the figure, and the field has no unit"
        )
    exact = Decimal(read.number)
    if kind == "decimal":
        if "e" in read.number.lower():
            return "an exponent is refused: it does not tell how many digits are exact"
        return why_not_held(exact, int(places[0]), int(places[1]))
    if kind == "integer":
        if exact.adjusted() > 400 or abs(exact) >= 2**63:
            return "it needs more than 64 bits"
        return (
            "above 2^53 it is read from its digits alone, without an exponent or a unit"
            if abs(exact) >= 2**53
            else None
        )
    if exact and exact.adjusted() < -308:
        return "it is nearer to zero than a double can be"
    return (
        "a double does not hold it"
        if exact.adjusted() >= 308
        else "a double does not hold all its digits; integer (to 2^63) or decimal does"
    )


def why_not_held(exact: Decimal, precision: int, scale: int) -> str | None:
    """Why a decimal of a precision and a scale does not hold a number, None where it does.

    >>> why_not_held(Decimal("1.005"), 18, 2), why_not_held(Decimal("1.500"), 18, 2)
    ('it has more than 2 decimal places', None)
    """
    if exact and exact.adjusted() >= precision - scale:
        return f"it has more than {precision - scale} digits before the decimal mark"
    exponent = int(exact.normalize(Context(prec=500)).as_tuple().exponent) if exact else 0
    return (
        f"it has more than {scale} decimal place{'s' * (scale != 1)}" if -exponent > scale else None
    )


def _plain(text: str) -> str:
    """Digits of every script as ASCII digits, the true minus as a hyphen."""
    said = "".join(MINUS.get(c, c) for c in text).strip()
    if said.isascii():
        return said
    return "".join(
        (
            str(unicodedata.decimal(c))
            if not c.isascii() and unicodedata.decimal(c, None) is not None
            else c
        )
        for c in said
    )


def _signed(text: str) -> tuple[str, str]:
    if text[:1] in ("-", "+"):
        return text[0], text[1:].lstrip(SPACES)
    return "", text


def _money(text: str) -> tuple[str, str]:
    """A sign or code of currency before the figure, and what follows it."""
    if text[:1].isdigit():
        return "", text
    for word in MONEY:
        if text.startswith(word):
            rest = text[len(word) :]
            if rest[:1].isdigit() or rest[:1] in (*SPACES, "-", "+", ".", ","):
                return word, rest.lstrip(SPACES)
    code = re.match(rf"([A-Z]{{3}})[{SPACES}]*(?=[-+]?[\d.,])", text)
    return (code[1], text[code.end() :]) if code else ("", text)


def _not_one(said: str) -> str | None:
    """Why a text holds no single exact figure."""
    if re.search(r"±|\+/-|\+-|-\+|\+−", said):
        return "it is a figure with an error (±), not one number"
    if re.search(
        rf"\d[{SPACES}]*(?:-|–|—|\.\.\.?|…|~|to|bis|à|至|到)[{SPACES}]*[-+]?[.,]?\d", said
    ) and not re.fullmatch(r"[^eE]*\d[eE]-\d+\D*", said):
        return "it is a range, not one number"
    if re.search(rf"\d[{SPACES}]*[/⁄∕][{SPACES}]*\d", said) or any(
        "VULGAR" in unicodedata.name(c, "") for c in said if not c.isascii()
    ):
        return "it is a fraction, not a decimal number"
    if said.startswith("(") and said.endswith(")"):
        return "brackets may mean a negative amount; write it with a minus"
    if re.fullmatch(r"[^-]*\d[.,]?\s*-", said):
        return "a minus stands behind the figure; write it before"
    if re.match(r"^[<>≤≥≈~=]|^(?:ca\.?|about|approx\.?|under|over)\s", said, re.IGNORECASE):
        return "it is a bound or an estimate, not one number"
    if re.match(r"^[–—‐‑]\s*\d", said):
        return "a dash stands before the figure; a minus is - or −"
    if re.search(r"\d_\d", said):
        return "an underscore is not a group mark"
    if re.match(r"^[-+]?0[xXbBoO][0-9a-fA-F]", said):
        return "it is not a decimal number"
    return None


def _digits(body: str, decimal: str) -> str | Refused:
    """A figure without its group marks, its decimal mark a point."""
    if "\u066b" in body or "\u066c" in body:  # the Arabic marks name themselves
        if "." in body or "," in body:
            return Refused("Arabic and other marks are mixed")
        body, decimal = body.replace("\u066b", ".").replace("\u066c", ","), "."
        if "," in body and not re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", body):
            return Refused("the group mark does not stand before groups of 3 digits")
    mixed = decimal == "mixed"
    point = "." if mixed else decimal
    other = "," if point == "." else "."
    name, foreign = ("point", "comma") if point == "." else ("comma", "point")
    whole, found, part = body.partition(point)
    if point in part or (found and not re.fullmatch(r"\d*", part)):
        return _two(body, point, other)
    if mixed and found and re.fullmatch(r"[1-9]\d{0,2}", whole) and len(part) == 3:
        return _two_readings(name)
    if re.fullmatch(r"\d*", whole):
        return (
            (whole or "0") + ("." + part if part else "")
            if whole or part
            else Refused("it has no figure")
        )
    marks = {c for c in whole if not c.isdigit()}
    if len(marks) > 1:
        if (
            other in marks
            and whole.count(other) == 1
            and not found
            and isinstance(_digits(body, other), str)
        ):
            return Refused(
                f'with groups before it, the {foreign} is the decimal mark; set decimal: "{other}"'
            )
        return Refused("two kinds of group marks are mixed")
    mark = marks.pop()
    if (
        mixed
        and mark == other
        and whole.count(mark) == 1
        and not found
        and re.fullmatch(r"[1-9]\d{0,2},\d{3}", whole)
    ):
        return _two_readings(foreign)
    thirds = re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", whole)
    if thirds or (mark == "," and re.fullmatch(r"[1-9]\d?(?:,\d{2})+,\d{3}", whole)):
        return whole.replace(mark, "") + ("." + part if part else "")
    if mark == other:
        last = re.search(r"\d*$", whole)[0] if not found else ""  # type: ignore[index]
        if whole.count(mark) == 1 and not found:
            if len(last) == 3:
                return Refused(
                    f"a {foreign} after {whole.split(mark)[0] or 'nothing'} is not a group mark;"
                    f' set decimal: "{other}"'
                )
            return Refused(
                f"a {foreign} before {len(last)} digit{'' if len(last) == 1 else 's'} is not a"
                f' group mark; set decimal: "{other}"'
            )
        return Refused(
            f"the {foreign} does not stand before groups of 3 digits, with a {name} as the decimal"
            " mark"
        )
    what = "a space" if mark in SPACES else f"'{mark}'"
    return Refused(f"{what} does not stand before groups of 3 digits")


def _two_readings(mark: str) -> Refused:
    return Refused(
        f"the column shows both decimal marks, so a {mark} before 3 digits has two readings; set"
        ' decimal: "." or ","'
    )


def _two(body: str, point: str, other: str) -> Refused:
    name = "point" if point == "." else "comma"
    if re.fullmatch(
        rf"[1-9]\d{{0,2}}(?:{re.escape(point)}\d{{3}})+(?:{re.escape(other)}\d+)?", body
    ):
        return Refused(f'the {name} groups digits here; set decimal: "{other}"')
    return Refused(f"it has more than one decimal mark ({name})")
