"""A figure in Chinese numerals, or in digits with 万 or 亿 behind them, as a plain decimal text.

Pure and strict: places fall from one to the next, and what people leave out when they speak
(一百五, 1万5) has two readings and is refused.

Source: GB/T 15835-2011, numerals in publications; the rules of the People's Bank of China for
financial capitals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import NamedTuple, TypeAlias

from mesocosm.data.parsing.digits import NoFigure

DIGITS: dict[str, str] = {
    han: str(number)
    for number, spellings in enumerate(
        (
            "零〇○",
            "一壹",
            "二贰貳弍",
            "三叁參叄弎",
            "四肆",
            "五伍",
            "六陆陸",
            "七柒",
            "八捌",
            "九玖",
        )
    )
    for han in spellings
}
PLACES = {"十": 1, "拾": 1, "百": 2, "佰": 2, "千": 3, "仟": 3}
SECTIONS = {"万": 4, "萬": 4, "亿": 8, "億": 8}
TENS = {"廿": "二十", "卅": "三十", "卌": "四十"}
PAIR = "两兩"  # two before a place; behind a number it is a unit of weight
POINT = "点點"
NUMERAL = "".join((*DIGITS, *PLACES, *SECTIONS, *TENS))
BEGINS = NUMERAL.translate(dict.fromkeys(map(ord, "".join(SECTIONS)))) + PAIR
BEHIND = "".join((*PLACES, *SECTIONS)) + POINT  # behind digits they are a part of the number
KILO = re.compile(r"千(?=[克米瓦帕卡赫伏焦欧牛安字比]|分之)")  # a prefix of a unit
DECIMAL = re.compile(r"\d+(?:\.\d+)?")
FIGURE = re.compile(r"\d(?:[\d.,]*\d)?")
SIGN = re.compile(rf"(?:[负負]|零下)\s*(?=[\d{NUMERAL}两兩])")
ESTIMATE = rf"^(?:大约|大概|将近|不到|超过|至少|至多|最多|不足|[约近逾])\s*[\d{NUMERAL}两]"
ABOUT = re.compile(r"[多余餘几幾来來]|左右|上下|以上|以下|以内")
RANGE = re.compile(rf"(?:至|到|～|~|—|–|-)[\d{NUMERAL}]")
PARTS = re.compile(r"(百|千|万|萬)分之")
SHARES = {"百": 0, "千": -1, "万": -2, "萬": -2}  # powers of ten of a hundredth
WHOLE = re.compile(rf"百(?![{NUMERAL}分])")  # of 百分之百
HALF = "half (半) is refused: write it as a decimal"
SPOKEN = "a place is left out at its end, so it has two readings; write every place"
SIDE_BY_SIDE = "two numerals side by side may be an estimate (三五 is three to five)"
FALL = "its places do not fall from one to the next"
EXACT = Context(prec=120)


class Token(NamedTuple):
    """A piece of a number: what it is (`digit`, `figure`, `place` or `section`) and its value, the
    power of ten of a place or section.
    """

    kind: str
    value: str
    power: int = 0


Tokens: TypeAlias = Sequence[Token]


class Amount(NamedTuple):
    """A number as a plain decimal text, and the text behind it."""

    number: str
    behind: str


def begins_numeral(text: str) -> bool:
    """Whether a text begins as a number in Chinese numerals does.

    >>> begins_numeral("三千"), begins_numeral("百分之五"), begins_numeral("万科")
    (True, True, False)
    """
    return text[:1] != "" and text[0] in BEGINS


def continues_numeral(behind: str) -> bool:
    """Whether what stands behind digits continues with the number, as 万 does; 千克 is a unit."""
    return behind[:1] != "" and behind[0] in BEHIND and not KILO.match(behind)


def read_share(text: str) -> Amount | None:
    """The share that a text such as 百分之五 tells in percent, None where it tells none.

    >>> read_share("百分之三点五"), read_share("千分之3"), read_share("五成")
    (Amount(number='3.5', behind='%'), Amount(number='0.3', behind='%'), None)
    """
    match = PARTS.match(text)
    if not match:
        return None
    rest = text[match.end() :].strip()
    if WHOLE.match(rest):
        rest = f"一{rest}"
    lead = DECIMAL.match(rest)
    digits = lead[0] if lead else ""
    amount = read_amount(rest[len(digits) :], digits)
    number = EXACT.scaleb(Decimal(amount.number), SHARES[match[1]])
    return Amount(f"{number:f}", f"%{amount.behind}")


def read_amount(text: str, lead: str = "") -> Amount:
    """The number that a text begins with, and what stands behind it.

    Args:
        lead: the digits before the text, as a plain decimal text; empty where there are none.

    Raises:
        NoFigure: it is no single exact number; says why.

    >>> read_amount("三千二百元"), read_amount("万3千", "12")
    (Amount(number='3200', behind='元'), Amount(number='123000', behind=''))
    >>> read_amount("一百五")
    Traceback (most recent call last):
    mesocosm.data.parsing.digits.NoFigure: a place is left out at its end, so it has two readings; \
write every place
    """
    for short, long in TENS.items():
        text = text.replace(short, long)
    tokens, behind = _split(text, lead)
    _check_behind(behind)
    if len(tokens) > 1 and all(token.kind == "digit" for token in tokens):
        return Amount(_read_row(tokens), behind)
    number = _evaluate(tokens, (8, 4))
    return Amount(f"{number:f}", behind)


def _check_behind(behind: str) -> None:
    """Refuse what makes an estimate, a range or a half of the number before it."""
    if ABOUT.match(behind):
        raise NoFigure("it is a bound or an estimate, not one number")
    if RANGE.match(behind):
        raise NoFigure("it is a range, not one number")
    if behind.startswith("分之"):
        raise NoFigure("it is a fraction, not a decimal number")
    if "半" in behind:
        raise NoFigure(HALF)


def _split(text: str, lead: str) -> tuple[list[Token], str]:
    """The pieces of the number that a text begins with, and the text behind it."""
    tokens = [Token("figure", lead)] if lead else []
    at = 0
    while at < len(text):
        token, size = _take(text[at:], bool(tokens))
        if token is None:
            break
        tokens.append(token)
        at += size
    return _join_point(tokens), text[at:]


def _take(text: str, inside: bool) -> tuple[Token | None, int]:
    """The piece that a text begins with, and its length; None where the number ends.

    Args:
        inside: whether pieces come before it.
    """
    letter = text[0]
    if letter in DIGITS:
        return Token("digit", DIGITS[letter]), 1
    if letter in PAIR:
        return _take_pair(text, inside)
    if letter in PLACES and not (inside and KILO.match(text)):
        return Token("place", letter, PLACES[letter]), 1
    if letter in SECTIONS:
        return Token("section", letter, SECTIONS[letter]), 1
    if letter in POINT and (text[1:2] in DIGITS or text[1:2].isdigit()):
        return Token("point", letter), 1
    figure = FIGURE.match(text)
    if figure and inside:
        return _take_figure(figure[0]), figure.end()
    return None, 0


def _take_pair(text: str, inside: bool) -> tuple[Token | None, int]:
    """两 as two: before a place, or alone at the start before a unit."""
    follows = text[1:2]
    counts = follows in PLACES or follows in SECTIONS
    if follows and (counts or not inside):
        return Token("digit", "2"), 1
    return None, 0


def _take_figure(figure: str) -> Token:
    if not figure.isdigit():
        raise NoFigure("digits behind a Chinese place have no marks")
    return Token("figure", figure)


def _join_point(tokens: list[Token]) -> list[Token]:
    """The pieces with 三点五 as the figure 3.5."""
    points = [at for at, token in enumerate(tokens) if token.kind == "point"]
    if not points:
        return tokens
    if len(points) > 1:
        raise NoFigure("it has more than one decimal mark (点)")
    at = points[0]
    end = at + 1
    while end < len(tokens) and tokens[end].kind == "digit":
        end += 1
    if at == 0 or end == at + 1 or any(token.kind == "figure" for token in tokens[:at]):
        raise NoFigure(
            "点 is a decimal mark between Chinese numerals alone; beside digits it may be a clock"
        )
    whole = _evaluate(tokens[:at], (8, 4))
    part = "".join(token.value for token in tokens[at + 1 : end])
    return [Token("figure", f"{whole:f}.{part}"), *tokens[end:]]


def _evaluate(tokens: Tokens, sections: tuple[int, ...]) -> Decimal:
    """The number of some pieces.

    Args:
        sections: the powers of ten of the sections that may stand in them, the greatest first.
    """
    if not tokens:
        raise NoFigure("a number is missing before its place or unit")
    if not sections:
        return _evaluate_places(tokens)
    power, *lower = sections
    places = [at for at, token in enumerate(tokens) if token.power == power]
    if not places:
        return _evaluate(tokens, tuple(lower))
    if len(places) > 1:
        raise NoFigure(f"{tokens[places[0]].value} stands twice")
    head, tail = tokens[: places[0]], tokens[places[0] + 1 :]
    count = _evaluate(head, tuple(lower))
    _check_count(count, head, tail, power)
    return _add_tail(EXACT.scaleb(count, power), tail, power, tuple(lower))


def _check_count(count: Decimal, head: Tokens, tail: Tokens, power: int) -> None:
    """Refuse a number before a section that its places do not hold, or a part of one before
    others.
    """
    if tail and (not count or count != count.to_integral_value()):
        raise NoFigure("a decimal before 万 or 亿 is followed by other places")
    is_figure = head[0].kind == "figure" and all(token.kind == "place" for token in head[1:])
    if not is_figure and power == 4 and count >= 10**4:
        raise NoFigure("more than 9999 stands before 万")


def _evaluate_places(tokens: Tokens) -> Decimal:
    """The number of pieces below 万: 三千二百, or one digit or figure."""
    if len(tokens) == 1 and tokens[0].kind in ("digit", "figure"):
        return Decimal(tokens[0].value)
    if all(token.kind == "digit" for token in tokens):
        raise NoFigure(SIDE_BY_SIDE)
    at = next((at for at, token in enumerate(tokens) if token.kind == "place"), None)
    if at is None:
        raise NoFigure("digits and Chinese numerals are mixed")
    count, power = _count_place(tokens[:at], tokens[at].power), tokens[at].power
    tail = tokens[at + 1 :]
    if tail and count != count.to_integral_value():
        raise NoFigure("a decimal before a place is followed by other places")
    return _add_tail(EXACT.scaleb(count, power), tail, power, ())


def _count_place(tokens: Tokens, power: int) -> Decimal:
    """How many of a place there are; 十 alone is ten."""
    if not tokens and power == 1:
        return Decimal(1)
    if len(tokens) != 1 or tokens[0].value == "0":
        raise NoFigure("one numeral stands before 十, 百 and 千")
    return Decimal(tokens[0].value)


def _read_row(tokens: Tokens) -> str:
    """The number of a row of digits, as 二〇二六; two of them side by side are an estimate."""
    row = "".join(token.value for token in tokens)
    if len(row) == 2 and "0" not in row:
        raise NoFigure(SIDE_BY_SIDE)
    return str(int(row))


def _add_tail(head: Decimal, tail: Tokens, power: int, sections: tuple[int, ...]) -> Decimal:
    """A number and what follows it below a place."""
    if not tail:
        return head
    zero = tail[0] == Token("digit", "0")
    rest = tail[1:] if zero else tail
    if not rest:
        raise NoFigure("it ends in 零")
    if any(token.power >= power for token in rest):  # so that no text nests deeper than its places
        raise NoFigure(FALL)
    value = _evaluate(rest, sections)
    if value >= Decimal(10) ** power or value != value.to_integral_value():
        raise NoFigure(FALL)
    if zero:
        _check_zero(head, value, power)
    else:
        _check_places(rest, power)
    return head + value


def _check_zero(head: Decimal, value: Decimal, power: int) -> None:
    """Refuse a 零 that stands for no empty place."""
    gap = value < Decimal(10) ** (power - 1)
    empty = int(head / Decimal(10) ** power) % 10 == 0
    if not (gap or empty):
        raise NoFigure("零 stands where no place is empty")


def _check_places(rest: Tokens, power: int) -> None:
    """Refuse a last piece that does not say its place: 一百五 is 150 when spoken."""
    if len(rest) > 1 and any(token.kind in ("place", "section") for token in rest):
        return
    digits = "".join(token.value for token in rest)
    if rest[0].kind == "place" or (power == 1 and len(digits) == 1):
        return
    if rest[0].kind != "figure" or len(digits) != power:
        raise NoFigure(SPOKEN)
