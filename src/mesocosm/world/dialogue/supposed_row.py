"""The row that a visitor's question supposes, as "would it be good with 12 months?", in English and
Chinese. A number is read exactly or not at all: not with a size or a unit that is not the input's,
nor as the end of a range.

Knows texts, units and the inputs of a service.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from mesocosm.core.records import Json
from mesocosm.core.values.chinese_units import CHINESE_UNITS, DEGREE, SEVERAL_CHINESE
from mesocosm.core.values.units import (
    CURRENCIES,
    FAMILIES,
    HAN,
    OFFSET_WORDS,
    WORDS,
    list_amounts,
    list_spellings,
)
from mesocosm.world.dialogue.intent import HAN as HAN_LETTERS
from mesocosm.world.dialogue.intent import supposes

SUPPOSE = (
    *("if", "would", "suppose", "supposing"),
    *("如果", "假如", "假设", "要是", "倘若", "若", "会", "换成", "改成", "改为"),
)
SIZES = {"": 1.0, "百": 100.0, **HAN}
NUMBER = (
    r"(?<![\d.])(?<!\d,)(-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)(?![,.]?\d)"
    r"(?:\s*([百千]?[万萬]|[百千亿億]))?(?!\s*\d+(?:\.\d+)?\s*[百千万亿萬億]|[百千万亿萬億]|(?<=\D)\d)"
)
SPOKEN = {  # words of units that are said, by those that are written
    "块钱": "元",
    "美金": "美元",
    "欧": "欧元",
    "个星期": "周",
    "个小时": "小时",
    "個小時": "小时",
    "個星期": "周",
    "塊": "元",
    "塊錢": "元",
    "季度": "quarter",  # no unit that is converted: refused
    "个季度": "quarter",
}
SYMBOL = 3  # letters of a word of a unit that is no symbol: mL and ML are two
TAIL = 60  # letters behind a number in which its unit is looked for
RATIO = re.compile(r"\s*/|每")
# what makes a number one end of a range, about so much, or of a size that is not known
NOT_ALONE = re.compile(r"\s*(?:[-~–—]|至|到|to\b|或)\s*-?\d|[A-Za-z%‰°]|[多余几]")
# a short Chinese word right behind a number of an input with a unit is a unit, unless one of these
# begins it; one of an input without a unit may count anything, and is no share
PARTICLES = "呢吗嗎吧啊呀哦的了会會能可时時就是行还還和跟与與及且而则則那怎如何好够夠"
NO_UNIT = re.compile(
    rf"(?:(?![{PARTICLES}])[{HAN_LETTERS}]){{1,2}}(?:[{PARTICLES}]|(?![{HAN_LETTERS}\d]))"
)
SHARE = re.compile(r"[成倍折]")
LINKS = (
    r"(?:\s*(?:=|:|,|\bis\b|\bof\b|\bat\b|\bto\b|\bwas\b|等于|改成|改为|换成|变成|变为|达到|只有|为|是|有|到)"
    r"\s*|\s+|)"
)


class SupposedValue(NamedTuple):
    """The value that a question gives an input, whether by the input's name, and where."""

    value: Json
    by_name: bool
    span: tuple[int, int]


def read_supposed_row(
    questions: Sequence[str], inputs: Sequence[Mapping[str, object]]
) -> dict[str, Json]:
    """The row that a question supposes: values of inputs by name ("duration 48") or unit ("48
    months"); those of earlier questions stay.

    Empty where the last question supposes nothing. Private inputs take no value.

    >>> inputs = [{"name": "duration", "low": 1, "unit": "month", "whole": True}]
    >>> read_supposed_row(["would it be good with duration 48?", "and 12 months?"], inputs)
    {'duration': 12}
    >>> read_supposed_row(["How do I pay 12 months in advance?"], inputs)
    {}
    >>> read_supposed_row(["如果期限改为１２个月呢？"], [{**inputs[0], "name": "期限"}])
    {'期限': 12}
    >>> read_supposed_row(["如果 amount 是 3万 会怎样"], [{"name": "amount", "low": 1}])
    {'amount': 30000.0}
    >>> read_supposed_row(["if duration is 48."], inputs)
    {'duration': 48}
    >>> read_supposed_row(["if duration is 2 years"], inputs)
    {'duration': 24}
    """
    row: dict[str, Json] = {}
    plain = [unicodedata.normalize("NFKC", question) for question in questions]
    for number, question in enumerate(plain):
        values = _read_values(question, inputs)
        if values and (row or _is_supposition(question, values)):
            row |= {name: supposed.value for name, supposed in values.items()}
        elif number == len(questions) - 1:
            return {}
    return row


def _is_supposition(question: str, values: Mapping[str, SupposedValue]) -> bool:
    is_named = any(supposed.by_name for supposed in values.values())
    return is_named or supposes(question, SUPPOSE)


def _read_values(question: str, inputs: Sequence[Mapping[str, object]]) -> dict[str, SupposedValue]:
    """The value that a question gives each input. A number behind an input's name is that input's,
    whether it can be read or not; one with a unit belongs to one of the others.
    """
    found: dict[str, SupposedValue | None] = {}
    taken: list[tuple[int, int]] = []
    others: list[Mapping[str, object]] = []
    names = [str(field["name"]) for field in inputs]
    for field in inputs:
        if field.get("private"):
            continue
        hit = re.search(_pattern_of(field) + NUMBER, question, re.IGNORECASE)
        if "low" not in field:
            found[str(field["name"])] = _read_choice(field, question)
        elif hit:
            found[str(field["name"])] = _convert(
                field, hit, _find_factor(*_unit_of(field, hit, names))
            )
            taken.append(hit.span(1))
        else:
            others.append(field)
    by_unit = {str(field["name"]): _read_by_unit(field, question, taken, names) for field in others}
    spans = [value.span for value in by_unit.values() if value]
    found |= {n: value for n, value in by_unit.items() if value and spans.count(value.span) == 1}
    return {name: value for name, value in found.items() if value}


def _pattern_of(field: Mapping[str, object]) -> str:
    name = str(field["name"])
    pattern = re.escape(name).replace("_", "[_ ]")
    apart = r"(?<![a-z0-9_])" if name[:1].isascii() else ""  # Chinese has no spaces there
    return rf"{apart}{pattern}{LINKS}"


def _read_by_unit(
    field: Mapping[str, object],
    question: str,
    taken: Sequence[tuple[int, int]],
    names: Sequence[str],
) -> SupposedValue | None:
    """The first number beside an input's own unit that is no other input's."""
    for hit in re.finditer(NUMBER, question) if field.get("unit") else ():
        unit, tail = _unit_of(field, hit, names)
        if hit.span(1) not in taken and _find_word(unit, tail) and _find_factor(unit, tail) == 1:
            return _convert(field, hit, 1.0)
    return None


def _unit_of(
    field: Mapping[str, object], number: re.Match[str], names: Sequence[str]
) -> tuple[str, str]:
    """The unit of an input, and what is behind a number, as far as a unit goes: nothing where the
    name of another input is.
    """
    tail = number.string[number.end() : number.end() + TAIL]
    is_name = tail.lstrip().lower().startswith(tuple(name.lower() for name in names))
    return str(field.get("unit") or ""), "" if is_name else tail


def _convert(
    field: Mapping[str, object], hit: re.Match[str], factor: float | None
) -> SupposedValue | None:
    """The value of a number as a question has it; None where it is not one of the input."""
    if factor is None:
        return None
    value = float(hit[1].replace(",", "")) * SIZES[hit[2] or ""] * factor
    by_name = hit.start(1) > hit.start()
    if not math.isfinite(value):
        return None
    if not field.get("whole"):
        return SupposedValue(value, by_name, hit.span(1))
    return SupposedValue(round(value), by_name, hit.span(1)) if value.is_integer() else None


def _find_factor(unit: str, tail: str) -> float | None:
    """How many of an input's unit make one of what is written behind a number; None where it is
    another kind of unit, or no plain number.

    >>> _find_factor("month", " years?"), _find_factor("month", "元"), _find_factor("kg", " 呢")
    (12.0, None, 1.0)
    """
    word = _find_word(unit, tail)
    rest = tail.lstrip()[len(word) :] if word else tail
    if NOT_ALONE.match(rest) or (word and RATIO.match(rest)):
        return None
    if not word and (NO_UNIT if unit else SHARE).match(tail.lstrip()):
        return None
    if not word or (not unit and word not in ("%", "percent")):
        return 1.0  # in the unit of the input, which the file may leave out
    return _factors_of(unit).get(SPOKEN.get(word, word))


def _find_word(unit: str, tail: str) -> str:
    """The longest word of a unit that a text begins with; empty without one."""
    text = tail.lstrip()
    return next((word for word in _list_words(unit) if _begins_with(text, word)), "")


def _begins_with(text: str, word: str) -> bool:
    """Whether a text begins with a word of a unit; capitals are those of symbols only."""
    start, after = text[: len(word)], text[len(word) : len(word) + 1]
    if start != word and (len(word) < SYMBOL or start.lower() != word.lower()):
        return False
    return not (word[-1].isascii() and after.isascii() and after.isalnum())


@cache
def _list_words(unit: str) -> tuple[str, ...]:
    """The words of units that may stand behind a number, the longest first."""
    words: Iterable[str] = chain(
        *FAMILIES,
        *WORDS.values(),
        *(CHINESE_UNITS, SEVERAL_CHINESE, OFFSET_WORDS, SPOKEN, _factors_of(unit), (DEGREE,)),
    )
    return tuple(sorted(set(words), key=lambda word: (-len(word), word)))


@cache
def _factors_of(unit: str) -> dict[str, float]:
    """By word: how many of a unit make one."""
    if not unit:
        return {}
    own = {unit: 1.0, f"{unit}s" if unit.isascii() else f"个{unit}": 1.0}
    if unit in CURRENCIES:
        own |= list_amounts(unit, {})
    return own | list_spellings(unit)


def _read_choice(field: Mapping[str, object], question: str) -> SupposedValue | None:
    hit = re.search(_pattern_of(field) + "(.+)", question, re.IGNORECASE | re.DOTALL)
    if not hit:
        return None
    given, listed = str(hit[1]).lower(), field.get("choices")
    if not isinstance(listed, Sequence):
        return None
    choices: list[str] = [choice for choice in listed if given.startswith(str(choice).lower())]
    if not choices:
        return None
    return SupposedValue(max(choices, key=len), True, hit.span(1))
