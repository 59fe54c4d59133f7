"""Chinese values of a column for a look at a source: figures in plain digits, and words that often
stand for no value.
"""

from __future__ import annotations

import re

from mesocosm.data.parsing.chinese.numerals import BEHIND, NUMERAL
from mesocosm.data.parsing.numbers import Figure, parse_figure
from mesocosm.data.profiling.columns.units import identify_unit, list_currencies

NULL_WORDS = (
    "无",
    "無",
    "空",
    "未知",
    "不详",
    "不明",
    "暂无",
    "没有",
    "未填",
    "未填写",
    "不适用",
    "空值",
    "-",
    "--",
    "—",
    "——",
    "/",
    "\\",
)
YES = frozenset(["有", "是", "真", "对"])  # beside them 无 is an answer
CHINESE = re.compile(rf"[{NUMERAL}负負]|\d[{BEHIND}]|[元块圆]\d|[角毛分整]$|[元块塊角毛][钱錢]$")
# full-width letters and signs, or a currency before a figure with its unit behind
WIDE = re.compile(r"[\uff01-\uff5e\uffe0-\uffe6]|^(?:人民币|RMB|CNY)\s*\d.*[元圆块]$")
COUNTED = ("月", "日", "年", "周", "星期")  # behind a numeral they name a day or a month


def to_plain_figure(value: str) -> str:
    """A Chinese figure in digits with the unit behind it; another text as it is.

    >>> to_plain_figure("三千二百斤"), to_plain_figure("12万3千"), to_plain_figure("3.2万元")
    ('3200斤', '123000', '3.2万元')
    >>> to_plain_figure("三月"), to_plain_figure("一等")
    ('三月', '一等')
    >>> to_plain_figure("￥1,200.50"), to_plain_figure("人民币５元"), to_plain_figure("5块钱")
    ('1200.50¥', '5元', '5元')
    """
    if not (CHINESE.search(value) or WIDE.search(value)) or _is_amount(value):
        return value
    read = parse_figure(value)
    if not isinstance(read, Figure) or _names_thing(value, read.unit):
        return value
    return f"{read.number}{read.unit}"


def _names_thing(value: str, unit: str) -> bool:
    """Whether a value that begins with a numeral may name something, as 三月 or 一等."""
    if not unit or value[0].isdigit():
        return False
    return unit in COUNTED or identify_unit(unit, spaced=False) is None


def _is_amount(value: str) -> bool:
    """Whether a value is digits with a currency whose name has a Chinese place, as 万元."""
    match = re.fullmatch(r"[-+]?[\d.,]+\s*(\D+)", value)
    return match is not None and match[1] in list_currencies()


def find_null_words(counts: dict[str, int]) -> dict[str, int]:
    """The rows of each value that often stands for no value; none where it may be an answer.

    >>> find_null_words({"红": 3, "绿": 2, "未知": 1}), find_null_words({"有": 2, "无": 3})
    ({'未知': 1}, {})
    """
    found = {word: rows for word, rows in counts.items() if word in NULL_WORDS}
    others = counts.keys() - found.keys()
    if len(others) < 2 or others & YES:
        return {}
    return found
