"""Whatever is written in Chinese numerals is read back exactly, and nothing is read as two things."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from conftest import rounds
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.data.parsing.numbers import Figure, Refused, parse_figure
from mesocosm.data.parsing.timestamps import read_day, read_moment

PLAIN, CAPITAL = "零一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"
PLACES, GREAT_PLACES = ("", "十", "百", "千"), ("", "拾", "佰", "仟")
SECTIONS = ("", "万", "亿", "万亿")


def write_section(number: int, digits: str, places: tuple[str, ...]) -> str:
    """A number below 10000 in Chinese numerals, without zeros at its ends."""
    written, gap = "", False
    for power in range(3, -1, -1):
        digit = number // 10**power % 10
        if digit:
            written += ("零" if gap and written else "") + digits[digit] + places[power]
            gap = False
        else:
            gap = True
    return written


def write_number(number: int, digits: str = PLAIN, places: tuple[str, ...] = PLACES) -> str:
    """A whole number below 10^12 in Chinese numerals, as a grammar book has it."""
    if not number:
        return digits[0]
    written, whole = "", number
    for power in (2, 1, 0):
        section = whole // 10 ** (4 * power)
        whole %= 10 ** (4 * power)
        if section:
            zero = "零" if written and section < 1000 else ""
            written += zero + write_section(section, digits, places) + SECTIONS[power]
    return written


@given(st.integers(0, 10**12 - 1))
@settings(max_examples=rounds(200, 3000))
def test_every_integer_in_chinese_numerals_is_read_back(number: int) -> None:
    for digits, places in ((PLAIN, PLACES), (CAPITAL, GREAT_PLACES)):
        text = write_number(number, digits, places)
        assert parse_figure(text) == Figure(str(number), ""), text
        assert parse_figure(f"负{text}") == Figure(f"-{number}", "")
        assert parse_figure(f"{text}元整") == Figure(str(number), "元")


@given(st.integers(0, 10**6), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=rounds(100, 1000))
def test_an_amount_in_yuan_jiao_and_fen_is_read_back(yuan: int, jiao: int, fen: int) -> None:
    text = f"{write_number(yuan)}元{PLAIN[jiao]}角{PLAIN[fen]}分"
    read = parse_figure(text)
    assert isinstance(read, Figure) and read.unit == "元"
    assert Decimal(read.number) == Decimal(yuan) + Decimal(jiao * 10 + fen) / 100


@given(st.integers(0, 10**8), st.text("0123456789", min_size=1, max_size=6))
@settings(max_examples=rounds(100, 1000))
def test_a_decimal_with_a_scale_is_exact(whole: int, part: str) -> None:
    for word, scale in (("万", 10**4), ("亿", 10**8), ("千万", 10**7), ("百万", 10**6)):
        read = parse_figure(f"{whole}.{part}{word}")
        assert isinstance(read, Figure) and read.unit == ""
        assert Decimal(read.number) == Decimal(f"{whole}.{part}") * scale


@given(st.text("零一二三四五六七八九十百千万亿两点半多", min_size=1, max_size=9))
@settings(max_examples=rounds(200, 3000))
def test_a_text_that_is_read_is_one_that_a_grammar_book_writes(text: str) -> None:
    """What is read below 10^12 equals what the writer gives for it, up to ways to write it."""
    read = parse_figure(text)
    if isinstance(read, Refused) or read.unit or "." in read.number:
        return
    number = int(read.number)
    if 0 < number < 10**12 and set(text) & set("十百千万亿"):
        assert simplify(text) == simplify(write_number(number)), (text, number)


def simplify(text: str) -> str:
    """A numeral without what may be left out: zeros, the one of 一十, and two as a pair."""
    return text.replace("两", "二").replace("零", "").replace("一十", "十").replace("点", "")


@given(st.dates(date(1912, 1, 1), date(2068, 12, 31)))
@settings(max_examples=rounds(100, 1000))
def test_every_day_is_read_back(day: date) -> None:
    year = "".join(("〇" + PLAIN[1:])[int(d)] for d in str(day.year))
    month, of_month = write_tens(day.month), write_tens(day.day)
    texts = [
        f"{year}年{month}月{of_month}日",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}年{day.month:02}月{day.day:02}号 星期{'一二三四五六日'[day.weekday()]}",
        f"民国{day.year - 1911}年{day.month}月{day.day}日",
    ]
    assert {read_day(text, "iso\nzh") for text in texts} == {day.isoformat()}
    other = "一二三四五六日"[(day + timedelta(1)).weekday()]
    assert read_day(f"{day.year}年{day.month}月{day.day}日星期{other}", "zh") is None


def write_tens(number: int) -> str:
    """A number below 100 as months and days are written: 十五, not 一十五."""
    return write_number(number).removeprefix("一") if 10 <= number < 20 else write_number(number)


@given(st.integers(0, 23), st.integers(0, 59))
@settings(max_examples=rounds(60, 600))
def test_every_clock_of_24_hours_is_read_back(hour: int, minute: int) -> None:
    wanted = f"2026-03-05 {hour:02}:{minute:02}:00"
    texts = [
        f"2026年3月5日{hour}时{minute}分",
        f"2026年3月5日 {write_number(hour)}点{write_number(minute)}分",
        f"2026年3月5日 {hour}点{minute:02}",
    ]
    if 1 <= hour < 12:
        texts.append(f"2026年3月5日上午{hour}点{minute:02}分")
    if 13 <= hour < 20:
        texts.append(f"2026年3月5日 下午{hour - 12}:{minute:02}")
    assert {read_moment(text, "UTC\nrefuse\nzh") for text in texts} == {wanted}


@pytest.mark.parametrize("text", ["一千" * 199, "十" * 399, "一万" * 199, "1千" * 199, "零" * 399])
def test_a_long_row_of_places_is_refused_without_an_error(text: str) -> None:
    read = parse_figure(text)
    assert isinstance(read, Refused) or read.number == "0"
