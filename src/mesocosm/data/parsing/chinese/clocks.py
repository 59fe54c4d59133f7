"""A Chinese time of day as one of 24 hours: 下午3点05分 is 15:05:00.

Pure. An hour that its word leaves open, as 晚上12点, is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mesocosm.data.parsing.chinese.days import COUNT
from mesocosm.data.parsing.chinese.numerals import read_amount
from mesocosm.data.parsing.digits import NoFigure
from mesocosm.data.parsing.refusal import NoMoment

HALVES: dict[str, Mapping[int, int]] = {  # by a word: the hours that it may have, as those of a day
    "上午": {hour: hour for hour in range(12)},
    "下午": {12: 12, **{hour: hour + 12 for hour in range(1, 9)}, **{h: h for h in range(13, 21)}},
    "凌晨": {hour: hour for hour in range(7)},
    "早上": {hour: hour for hour in range(4, 12)},
    "中午": {11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14},
    "傍晚": {4: 16, 5: 17, 6: 18, 7: 19, 8: 20, **{hour: hour for hour in range(16, 21)}},
    "晚上": {**{hour: hour + 12 for hour in range(5, 12)}, **{h: h for h in range(17, 24)}},
    "深夜": {10: 22, 11: 23, 22: 22, 23: 23},
}
WORDS = {
    **{word: word for word in HALVES},
    "早晨": "早上",
    "清晨": "早上",
    "早": "早上",
    "晚间": "晚上",
    "晚": "晚上",
    "夜里": "深夜",
    "夜间": "深夜",
    "半夜": "深夜",
    "午后": "下午",
}
WORD = "|".join(sorted(WORDS, key=len, reverse=True))
ENDS = "日号號一二三四五六天"  # of a Chinese day, or of its weekday
CLOCK = re.compile(  # digits of a clock do not follow digits of a day
    rf"^(?P<day>.*?(?:[{ENDS})]|\d(?=[\sT,，]|{WORD})))[\sT,，]*(?P<word>{WORD})?\s*"
    rf"(?:(?P<hour>{COUNT}+|两)[时點点時](?:(?P<half>半)|(?P<quarter>[一三13])刻|(?:鐘|钟)?整?$|"
    rf"(?P<minute>{COUNT}+)(?:分|(?<={COUNT}{{2}})$)(?:(?P<second>{COUNT}+)秒)?)|"
    rf"(?P<digits>\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?))$"
)


def translate_clock(text: str) -> str:
    """A day with a Chinese clock with its clock in 24 hours and digits; another text as it is.

    Raises:
        NoMoment: the clock leaves its hour open.

    >>> translate_clock("2026年3月5日 下午3点05分"), translate_clock("2026年3月5日上午九点半")
    ('2026年3月5日 15:05:00', '2026年3月5日 9:30:00')
    """
    match = CLOCK.match(text)
    if not match or not _is_chinese(match):
        return text
    if match["digits"]:
        hour, _, rest = match["digits"].partition(":")
        return f"{match['day']} {_turn(int(hour), match['word'])}:{rest}"
    hour = _read(match["hour"])
    minute, second = _read_minute(match), _read(match["second"] or "0")
    return f"{match['day']} {_turn(hour, match['word'])}:{minute:02}:{second:02}"


def _is_chinese(match: re.Match[str]) -> bool:
    """Whether a match has a Chinese clock, or one in digits behind a Chinese word or day."""
    return bool(match["hour"] or match["word"] or match["day"][-1] in ENDS)


def _read_minute(match: re.Match[str]) -> int:
    """The minutes of a clock."""
    if match["half"]:
        return 30
    if match["quarter"]:
        return 15 * _read(match["quarter"])
    return _read(match["minute"] or "0")


def _read(text: str) -> int:
    """A number of a clock in digits or Chinese numerals."""
    if text.isdigit():
        return int(text)
    if text == "两":
        return 2
    try:
        amount = read_amount(text)
    except NoFigure as error:
        raise NoMoment(str(error)) from error
    if amount.behind or not amount.number.isdigit():
        raise NoMoment("there is no such time of day")
    return int(amount.number)


def _turn(hour: int, word: str | None) -> int:
    """An hour by the word before it as one of 24."""
    if not word:
        return hour
    hours = HALVES[WORDS[word]]
    if hour not in hours:
        raise NoMoment(f"{word}{hour}点 leaves its hour open: write it in 24 hours")
    return hours[hour]
