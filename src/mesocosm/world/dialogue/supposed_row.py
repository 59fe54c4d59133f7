"""The row that a visitor's question supposes, as "would it be good with 12 months?", in English and
Chinese. A number with a word of size that is not known is not read.

Knows texts and the inputs of a service.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mesocosm.core.records import Json
from mesocosm.world.dialogue.intent import supposes

SUPPOSE = (
    *("if", "would", "suppose", "supposing"),
    *("如果", "假如", "假设", "要是", "倘若", "若", "会", "换成", "改成", "改为"),
)
SIZES = {"": 1, "百": 100, "千": 1000, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8}
NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)\s*([百千]?万|[百千亿])?(?!\d|\.\d|[百千万亿])"
UNITS = {  # Chinese words of units, by the unit's own
    "year": "年|岁|周岁",
    "month": "个月|月",
    "week": "周|个星期|星期",
    "day": "天|日",
    "hour": "个小时|小时",
    "minute": "分钟",
    "second": "秒",
    "EUR": "欧元|欧",
    "USD": "美元|美金",
    "CNY": "元|块钱|块|人民币",
    "JPY": "日元",
    "GBP": "英镑",
    "kg": "公斤|千克",
    "g": "克",
    "t": "吨",
    "km": "公里|千米",
    "m": "米",
    "cm": "厘米",
}
LINKS = (
    r"(?:\s*(?:=|:|,|\bis\b|\bof\b|\bat\b|\bto\b|\bwas\b|等于|改成|改为|换成|变成|变为|达到|只有|为|是|有|到)"
    r"\s*|\s+|)"
)


class SupposedValue(NamedTuple):
    """The value that a question gives an input, and whether by the input's name."""

    value: Json
    by_name: bool


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
    """The value that a question gives each input."""
    found = {}
    for field in inputs:
        if field.get("private"):
            continue
        value = _read_number(field, question) if "low" in field else _read_choice(field, question)
        if value is not None:
            found[str(field["name"])] = value
    return found


def _pattern_of(field: Mapping[str, object]) -> str:
    name = str(field["name"])
    pattern = re.escape(name).replace("_", "[_ ]")
    apart = r"(?<![a-z0-9_])" if name[:1].isascii() else ""  # Chinese has no spaces there
    return rf"{apart}{pattern}{LINKS}"


def _read_number(field: Mapping[str, object], question: str) -> SupposedValue | None:
    hit = re.search(_pattern_of(field) + NUMBER, question, re.IGNORECASE)
    by_name = hit is not None
    if not hit and field.get("unit"):
        hit = re.search(rf"{NUMBER}\s*{_unit_pattern(str(field['unit']))}", question, re.IGNORECASE)
    if not hit:
        return None
    value = float(str(hit[1]).replace(",", "")) * SIZES[hit[2] or ""]
    if field.get("whole"):
        return SupposedValue(round(value), by_name)
    return SupposedValue(value, by_name)


def _unit_pattern(unit: str) -> str:
    """What a unit is written as behind a number."""
    own = rf"{re.escape(unit)}s?(?![a-z0-9_])"
    if not unit.isascii():  # Chinese counts with 个 before it, and has no plural
        own = rf"个?{re.escape(unit)}"
    return rf"(?:{own}|{UNITS[unit]})" if unit in UNITS else own


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
    return SupposedValue(max(choices, key=len), True)
