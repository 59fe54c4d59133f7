"""A Chinese text as a year, a month and a day in digits, or why it is none: 二〇二六年三月五日,
民国115年3月5日.

Pure. Days of the lunar calendar, and days that the text leaves open, are refused with the reason.

Source: GB/T 7408, GB/T 15835-2011; the first year of the Republic (民国元年) is 1912.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from mesocosm.data.parsing.chinese.numerals import DIGITS, read_amount
from mesocosm.data.parsing.digits import NoFigure
from mesocosm.data.parsing.refusal import NoMoment

REPUBLIC = 1911  # the year before the first of the Republic
HAN = "".join(DIGITS)
COUNT = rf"[\d{HAN}十拾百佰廿卅]"
ERA = r"(?:中华|中華)?(?:民国|民國)"
TENS = "十拾百佰千仟廿卅"
WEEK = r"(?:星期|周|週|礼拜|禮拜)"
WEEKDAYS = {
    name: day
    for day, names in enumerate(("一", "二", "三", "四", "五", "六", "日天"))
    for name in names
}
DAY = re.compile(
    rf"(?:公元|西元)?(?P<era>{ERA})?(?P<year>{COUNT}+|元)年(?P<month>{COUNT}+)月"
    rf"(?P<day>{COUNT}+)[日号號](?:[,、]?\(?{WEEK}(?P<week>[一二三四五六日天])\)?|"
    r"\((?P<short>[一二三四五六日])\))?"
)
MARKED = re.compile(rf"{ERA}(?P<year>\d{{1,3}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}})")
RELATIVE = (
    r"今[天日年]|昨[天日]|前[天日年]|明[天日年]|后天|去年|本[周月年]|上[周月]|下[周月]|[这那]天"
)
LUNAR = (
    r"[农農旧舊][历曆]|[阴陰][历曆]|正月|[腊臘冬]月|[闰閏]|月初[一二三四五六七八九十]|"
    r"[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]年"
)
REASONS = (  # of texts that are refused, and why; the first that fits counts
    (
        LUNAR,
        "a day of the lunar calendar is refused: write the day of the Gregorian calendar",
    ),
    (RELATIVE, "a day relative to another is refused: write year, month and day"),
    (r"[日号號]\s*(?:至|到|-|~|—|–)", "it is a range, not one day"),
    (r"元月", "元月 may be of either calendar: write 1月"),
    (r"公元前", "its year is outside 1000 to 2999"),
    (
        rf"^{COUNT}+月{COUNT}+[日号號]?",
        "it names no year: write year, month and day",
    ),
    (
        rf"年(?:{COUNT}+月)?(?:份|初|底|末|中|[上中下]旬|第?[一二三四1-4]季度|[上下]半年)?$",
        "it does not name a day",
    ),
    (rf"[时時点點]{COUNT}$", "its minute may be cut: write 分 behind it"),
    (rf"月{COUNT}+$", "it does not end in 日 or 号, so its day may be cut"),
    (
        rf"^[{HAN}两{TENS}]*[{TENS}][{HAN}{TENS}]*年",
        "a year is written digit by digit, as 二〇二六年",
    ),
    (rf"^[早上下凌中晚傍深午晨]{{0,2}}(?:{COUNT}+|两)[时点時點]", "it does not name a day"),
    (
        rf"^(?!{ERA}|令和|平成|昭和|大正|明治)(?:(?![{HAN}{TENS}])[\u4e00-\u9fff]){{2,4}}"
        rf"(?:\d{{1,2}}|[{HAN}{TENS}]{{1,3}}|元)年",
        "a year of an era other than 民国 is refused: write the year of the common era",
    ),
)


class Parts(NamedTuple):
    """The year, month and day of a text in digits, and its weekday, 0 for Monday, None where it has
    none.
    """

    year: str
    month: str
    day: str
    weekday: int | None = None


def split_day(text: str) -> Parts | None:
    """The parts of a Chinese day, None where the text is none.

    >>> split_day("二〇二六年三月五日"), split_day("民国115年3月5日")
    (Parts(year='2026', month='3', day='5', weekday=None), Parts(year='2026', month='3', day='5', \
weekday=None))
    >>> print(split_day("3月5日"))
    None
    """
    plain = re.sub(r"\s+", "", text)
    if re.search(LUNAR, plain):
        return None
    match = DAY.fullmatch(plain)
    if not match:
        return _split_marked(plain)
    year = _read_year(match["year"], bool(match["era"]))
    month, day = _count(match["month"]), _count(match["day"])
    if not (year and month and day) or max(len(month), len(day)) > 2:
        return None
    return Parts(year, month, day, WEEKDAYS.get(match["week"] or match["short"] or ""))


def check_weekday(day: date, parts: Parts) -> None:
    """Refuse a day whose weekday is another than the text says."""
    if parts.weekday is not None and parts.weekday != day.weekday():
        raise NoMoment(f"{day} is another day of the week than it says")


def explain_day(text: str) -> str:
    """Why a Chinese text is no day; empty where that is not known.

    >>> explain_day("3月5日"), explain_day("农历三月初五")[:29]
    ('it names no year: write year, month and day', 'a day of the lunar calendar i')
    """
    plain = re.sub(r"\s+", "", text)
    if plain.isascii():
        return ""
    return next((why for pattern, why in REASONS if re.search(pattern, plain)), "")


def _split_marked(plain: str) -> Parts | None:
    """The parts of a day of the Republic in digits with marks, as 民国115.3.5."""
    match = MARKED.fullmatch(plain)
    if not match:
        return None
    return Parts(str(int(match["year"]) + REPUBLIC), match["month"], match["day"])


def _read_year(text: str, of_republic: bool) -> str:
    """A year in digits; empty where it is none. One of the common era is written digit by digit."""
    if of_republic:
        number = "1" if text == "元" else _count(text)
        return str(int(number) + REPUBLIC) if number.strip("0") else ""
    row = "".join(DIGITS.get(letter, letter) for letter in text)
    return row if row.isdigit() and len(row) <= 4 else ""


def _count(text: str) -> str:
    """A number in digits or Chinese numerals as digits; empty where it is none. On a cheque a 零
    stands before a whole ten, as 零壹拾月.
    """
    text = re.sub(r"^零(?=[^零\d]?[十拾]$)", "", text)
    row = "".join(DIGITS.get(letter, letter) for letter in text)
    if text.isdigit() or (len(row) == 3 and row.isdigit()):
        return row
    try:
        number = read_amount(text)
    except NoFigure:
        return ""
    return "" if number.behind else number.number
