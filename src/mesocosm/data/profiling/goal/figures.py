"""Columns of texts whose values are dates, amounts or measures in a form that was not read: a base
model reads words, and would take them for such.
"""

from __future__ import annotations

import re
from itertools import islice

from mesocosm.data.profiling.columns.column import Column

LOOKED_AT = 200  # different values
LONGEST = 40  # letters of a figure
MOST = 0.9  # the share of them that are figures
NUMERALS = "零〇一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟萬億"
UNITS = "年月日号時时点分秒元块塊角钱錢斤克吨米里岁歲天周人次个個折"
# nothing is parted in a second way, so that long digits take no time
NUMBER = rf"(?:\d[\d.,]*+[{NUMERALS}]*+[^\W\d_]{{0,3}}|[{NUMERALS}]++[{UNITS}]钱?)"
# numbers, each with a unit or the name of a month of few letters before or after it
FIGURE = re.compile(rf"(?:[\W_]*+(?:[^\W\d_]{{1,3}}[\W_]*+)?{NUMBER}){{1,8}}[整正半]?[\W_]*")


def explain_figures(column: Column, kind: str, question: str) -> str:
    """Why a column of texts is no input: its values are dates or amounts that are not read; empty
    where they are words.

    Args:
        kind: the type of its field.
        question: what its values leave open, if anything.
    """
    if kind != "text" or not _are_figures(column):
        return ""
    reason = "its values are dates or amounts that are not read as such; give its field their type"
    if question:
        return f"{reason} ({question})"
    return reason


def _are_figures(column: Column) -> bool:
    """Whether nearly all values of a column are figures, and of more than one code's form."""
    values = list(islice(column.counts, LOOKED_AT))
    figures = sum(map(is_figure, values))
    return bool(values) and figures >= MOST * len(values)


def is_figure(text: str) -> bool:
    """Whether a text is a date, an amount or a measure.

    >>> [is_figure(text) for text in ("2024年3月5日", "约1.2万元", "三百五十块", "5 Jan 24")]
    [True, True, True, True]
    >>> [is_figure(text) for text in ("第3次买，质量很好", "card 12 was lost", "A0001", "一共不错")]
    [False, False, False, False]
    >>> is_figure("1." * 17 + "xxxxx")
    False
    """
    plain = text.strip()
    if len(plain) > LONGEST or re.fullmatch(r"[A-Za-z]+[-_]?\d+", plain):  # words, or a code
        return False
    return bool(FIGURE.fullmatch(plain))
