"""One text as a figure and the unit beside it, read exactly or refused with a reason in plain
words.

Pure and strict: a mark groups digits only where groups stand (threes; twos before the last three as
in India; an apostrophe or a space in threes). A sign of currency or its ISO code stands before or
after. Nothing else is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from itertools import chain

from mesocosm.core.values.shown_units import show_unit
from mesocosm.core.values.units import CURRENCIES, SIGNS, WORDS, names_several_sizes
from mesocosm.data.parsing.chinese.money import join_coins
from mesocosm.data.parsing.chinese.numerals import (
    ABOUT,
    ESTIMATE,
    SIGN,
    Amount,
    begins_numeral,
    continues_numeral,
    read_amount,
    read_share,
)
from mesocosm.data.parsing.digits import SPACES, NoFigure, remove_groups, to_ascii_digits

BETWEEN = "\x1f"  # between figure and unit in what SQL gets
LONGEST = 400  # characters of a text that is tried
OTHER_SIGNS = ("Rs.", "R$", "C$", "A$", "₹", "₩", "₽", "₺", "zł", "kr")
MONEY = sorted(
    {*CURRENCIES, *SIGNS, *chain.from_iterable(WORDS.values()), *OTHER_SIGNS},
    key=len,
    reverse=True,
)
RENMINBI = ("CNY", *WORDS["CNY"])
SIGNS_OF = {  # signs of other widths and forms
    "\u2212": "-",
    "\ufe63": "-",
    "\uff0b": "+",
    "\uff0d": "-",
    "\uffe1": "£",
    "\uffe5": "¥",
    "\uffe6": "₩",
}
BODY = re.compile(rf"\d(?:[\d.,'\u2019{SPACES}\u066b\u066c]*\d)?(?:[.,](?!\d))?|[.,]\d+")
POWER = re.compile(r"[eE][-+]?\d+(?![\d.,])")
CODE = re.compile(rf"([A-Z]{{3}})[{SPACES}]*(?=[-+]?[\d.,])")
NO_UNIT = "-+/*×~<>=().,'’±–—"  # characters that no unit begins with
TO = r"(?:-|–|—|\.\.\.?|…|~|to|bis|à|至|到)"  # between the ends of a range
VULGAR = "¼½¾\u2150-\u215e\u2189"
NOTATIONS = tuple(  # of texts that hold no single exact figure, and why; the first that fits counts
    (re.compile(pattern, flags), reason)
    for pattern, flags, reason in (
        (r"±|\+/-|\+-|-\+|\+−", 0, "it is a number with an error (±), not a plain number"),
        (  # 5e-3 is no range
            rf"\A(?![^eE]*\d[eE]-\d+\D*\Z).*\d[{SPACES}]*{TO}[{SPACES}]*[-+]?[.,]?\d",
            re.DOTALL,
            "it is a range, not one number",
        ),
        (
            rf"\d[{SPACES}]*[/⁄∕][{SPACES}]*\d|[{VULGAR}]",
            0,
            "it is a fraction, not a decimal number",
        ),
        (
            r"\A[(（].*[)）]\Z",
            re.DOTALL,
            "brackets may mean a negative amount; write it with a minus",
        ),
        (r"\A[^-]*\d[.,]?\s*-\Z", 0, "the minus follows the number; write it before"),
        (
            rf"^[<>≤≥≈~=]|^(?:ca\.?|about|approx\.?|under|over)\s|{ESTIMATE}",
            re.IGNORECASE,
            "it is a bound or an estimate, not one number",
        ),
        (r"^[–—‐‑]\s*\d", 0, "a dash precedes the number; a minus is - or −"),
        (r"\d_\d", 0, "an underscore is not a group mark"),
        (r"^[-+]?0[xXbBoO][0-9a-fA-F]", 0, "it is not a decimal number"),
    )
)


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
def parse_figure(
    text: str, decimal: str = ".", own: frozenset[str] = frozenset()
) -> Figure | Refused:
    """Read the figure and the unit of a text.

    Args:
        decimal: the decimal mark, `.` or `,`; `mixed` where a column shows both: the point is the
            mark, and a comma before three digits is refused.
        own: texts behind digits that are units as a whole, though they begin as 万 or 元 do.

    >>> parse_figure("USD 1,234.50")
    Figure(number='1234.50', unit='USD')
    >>> parse_figure("1.234,56 kg", ",")
    Figure(number='1234.56', unit='kg')
    >>> parse_figure("-3e2")
    Figure(number='-3e2', unit='')
    >>> parse_figure("12,5").reason
    'a comma before 1 digit is not a group mark; set decimal: ","'
    >>> parse_figure("3-5 kg").reason
    'it is a range, not one number'
    >>> parse_figure("12万3千元"), parse_figure("负三点五")
    (Figure(number='123000', unit='元'), Figure(number='-3.5', unit=''))
    """
    try:
        return _parse(text, decimal, own)
    except NoFigure as error:
        return Refused(str(error))


def read_figure(text: str, marks: str) -> Figure | Refused:
    """Read the figure and the unit of a text.

    Args:
        marks: the decimal mark, then texts that are units as a whole (`BETWEEN` them).
    """
    decimal, *own = marks.split(BETWEEN)
    return parse_figure(text, decimal, frozenset(own))


def read_number(text: str, marks: str) -> str | None:
    """The figure of a text as a plain decimal text for SQL, None where it is refused."""
    read = read_figure(text, marks)
    return read.number if isinstance(read, Figure) else None


def read_unit(text: str, marks: str) -> str | None:
    """The unit beside the figure of a text for SQL, None where the text is refused."""
    read = read_figure(text, marks)
    return read.unit if isinstance(read, Figure) else None


def is_own_unit(text: str, known: Mapping[str, float]) -> bool:
    """Whether a spelling means something else than the Chinese places or coins it begins with.

    Args:
        known: how many of a field's unit each of its spellings is.

    >>> known = {"": 1.0, "元": 1.0, "万元": 1.0, "亿元": 1e8}
    >>> is_own_unit("万元", known), is_own_unit("亿元", known), is_own_unit("kg", known)
    (True, False, False)
    """
    read = parse_figure(f"1{text}")
    if not isinstance(read, Figure) or (read.number, read.unit) == ("1", text):
        return False
    many = known.get(read.unit)
    return many is None or float(read.number) * many != known[text]


def explain_number(text: str, spec: str) -> str | None:
    """Why a text is no number of a field, None where the figure tells no reason.

    Args:
        spec: in lines the marks as `read_figure` takes them, the field's unit (empty for none),
            the texts that it converts (`BETWEEN` them), its type, and the precision and scale of a
            `decimal`.

    >>> explain_number("5 cm", ".\\nkg\\ng\\nnumber")
    "'cm' does not convert to kg"
    >>> explain_number("9223372036854775808", ".\\n\\n\\ninteger")
    'it needs more than 64 bits'
    """
    marks, unit, known, kind, *places = spec.split("\n")
    read = read_figure(text, marks)
    if isinstance(read, Refused):
        return read.reason
    if read.unit and read.unit not in known.split(BETWEEN):
        return _explain_unit(read.unit, unit)
    exact = Decimal(read.number)
    if kind == "integer":
        return _explain_integer(exact)
    if kind != "decimal":
        return _explain_double(exact)
    if "e" in read.number.lower():
        return "an exponent is refused: it does not say how many digits are exact"
    return explain_misfit(exact, int(places[0]), int(places[1]))


def _explain_unit(beside: str, unit: str) -> str:
    """Why a unit beside a figure is refused.

    Args:
        unit: the field's; empty where it has none.
    """
    if ABOUT.match(beside):
        return "it is a bound or an estimate, not one number"
    if names_several_sizes(beside):
        return f"'{beside}' has several sizes; 'spellings' says which is meant"
    if unit:
        return f"'{beside[:20]}' does not convert to {show_unit(unit)}"
    return f"'{beside[:20]}' is next to the number, and the field has no unit"


def explain_misfit(exact: Decimal, precision: int, scale: int) -> str | None:
    """Why a decimal of a precision and a scale does not hold a number, None where it does.

    >>> explain_misfit(Decimal("1.005"), 18, 2), explain_misfit(Decimal("1.500"), 18, 2)
    ('it has more than 2 decimal places', None)
    """
    if not exact:
        return None
    if exact.adjusted() >= precision - scale:
        return f"it has more than {precision - scale} digits before the decimal mark"
    exponent = int(exact.normalize(Context(prec=500)).as_tuple().exponent)
    if -exponent <= scale:
        return None
    return f"it has more than {scale} decimal place{'s' * (scale != 1)}"


def _explain_integer(exact: Decimal) -> str | None:
    if exact.adjusted() > 400 or abs(exact) >= 2**63:
        return "it needs more than 64 bits"
    if abs(exact) >= 2**53:
        return "above 2^53 it is read from its digits alone, without an exponent or a unit"
    return None


def _explain_double(exact: Decimal) -> str:
    if exact and exact.adjusted() < -308:
        return "it is nearer to zero than a double can be"
    if exact.adjusted() >= 308:
        return "a double does not hold it"
    return "a double does not hold all its digits; integer (to 2^63) or decimal does"


def _parse(text: str, decimal: str, own: frozenset[str]) -> Figure:
    """The figure and the unit of a text.

    Raises:
        NoFigure: it holds no single exact figure.
    """
    plain = _normalize(text)
    _refuse_notation(plain)
    sign, rest = _split_sign(plain)
    currency, rest = _split_currency(rest)
    if currency and not sign:
        sign, rest = _split_sign(rest)
    amount = _read_chinese(rest) or _read_digits(rest, plain, decimal, own)
    unit = _join_unit(currency, amount.behind.strip())
    _check_unit(unit, amount.behind)
    return Figure(sign.removeprefix("+") + amount.number, unit)


def _read_chinese(text: str) -> Amount | None:
    """A number in Chinese numerals and what stands behind it; None where none begins."""
    share = read_share(text)
    if share:
        return share
    return join_coins(read_amount(text)) if begins_numeral(text) else None


def _read_digits(text: str, whole: str, decimal: str, own: frozenset[str]) -> Amount:
    """A number in digits and what stands behind it; 万, 亿 and coins behind it are a part of it.

    Args:
        whole: the text with what stands before a figure.
    """
    body = _match_body(text, whole)
    exponent = _match_exponent(text[len(body) :])
    after = text[len(body) + len(exponent) :]
    digits = remove_groups(body, decimal)
    if exponent:
        _check_exponent(body, decimal)
    behind = after.strip()
    if exponent or behind in own:
        return Amount(digits + exponent, after)
    if continues_numeral(behind):
        return join_coins(read_amount(behind, digits))
    return join_coins(Amount(digits, after))


def _join_unit(currency: str, behind: str) -> str:
    """The unit of a currency before a figure and a text behind it; `¥5元` names one twice."""
    if behind == "元" and currency in RENMINBI:
        return behind
    return currency + behind


def _normalize(text: str) -> str:
    """A text with ASCII digits and signs, without outer spaces."""
    if len(text) > LONGEST:
        raise NoFigure("it is too long for a number")
    return to_ascii_digits("".join(SIGNS_OF.get(c, c) for c in text).strip())


def _refuse_notation(text: str) -> None:
    """Refuse a text that is written as something else than one exact figure."""
    for pattern, reason in NOTATIONS:
        if pattern.search(text):
            raise NoFigure(reason)


def _match_body(text: str, whole: str) -> str:
    """The digits and marks that a text begins with.

    Args:
        whole: the text with what stands before a figure.
    """
    match = BODY.match(text)
    if match:
        return match[0]
    if any(c.isdigit() for c in whole):
        raise NoFigure("it does not start with a number")
    raise NoFigure("it contains no number")


def _match_exponent(text: str) -> str:
    """The exponent that a text begins with; empty where there is none."""
    power = POWER.match(text)
    return power[0] if power else ""


def _check_exponent(body: str, decimal: str) -> None:
    """Refuse a figure with an exponent whose marks may group digits."""
    plain = body.replace(",", ".", 1) if decimal == "," else body
    if re.search(r"[^\d.]", plain):
        raise NoFigure("group marks and an exponent do not go together")
    if decimal == "," and "." in body:
        raise NoFigure('a point beside an exponent is a decimal point; set decimal: "."')


def _check_unit(unit: str, after: str) -> None:
    """Refuse what stands around a figure and is no unit.

    Args:
        after: the text directly behind the figure.
    """
    if unit and not _begins_unit(unit):
        raise NoFigure(f"'{unit[:20]}' after the number is not a unit")
    if _continues_figure(after):
        raise NoFigure("it is a fraction or a power, not a plain number")


def _begins_unit(text: str) -> bool:
    """Whether a text begins as a unit may; so does a rate as `/kg`."""
    return text[0] not in NO_UNIT or (text[0] == "/" and text[1:2].isalpha())


def _continues_figure(after: str) -> bool:
    """Whether a text begins with a digit, or with a number of one letter such as ²."""
    return after[:1].isdigit() or (after != "" and unicodedata.category(after[0]) == "No")


def _split_sign(text: str) -> tuple[str, str]:
    if chinese := SIGN.match(text):
        return "-", text[chinese.end() :]
    if text[:1] in ("-", "+"):
        return text[0], text[1:].lstrip(SPACES)
    return "", text


def _split_currency(text: str) -> tuple[str, str]:
    """A sign or code of currency before the figure, and what follows it."""
    if text[:1].isdigit():
        return "", text
    for word in MONEY:
        if text.startswith(word) and _begins_figure(text[len(word) :]):
            return word, text[len(word) :].lstrip(SPACES)
    code = CODE.match(text)
    if not code:
        return "", text
    return code[1], text[code.end() :]


def _begins_figure(text: str) -> bool:
    """Whether a text begins as a figure may, behind a currency."""
    return begins_numeral(text) or text[:1].isdigit() or text[:1] in (*SPACES, "-", "+", ".", ",")
