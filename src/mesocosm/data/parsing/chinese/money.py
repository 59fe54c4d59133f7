"""Amounts of money as Chinese texts write them: 三元五角二分, 壹佰元整.

Pure. 3块5 has two readings and is refused.

Source: Regulations of the People's Republic of China on the Administration of Renminbi, article 4:
a yuan has ten jiao, a jiao ten fen.
"""

from __future__ import annotations

import re
from decimal import Decimal

from mesocosm.data.parsing.chinese.numerals import DIGITS, Amount
from mesocosm.data.parsing.digits import NoFigure

YUAN = "元圆圓块塊"
PLAIN = ("", "元", "块")  # the whole of a unit, as the registry of units has it
JIAO = "角毛"
ONE = rf"[\d{''.join(DIGITS)}]"
COINS = re.compile(
    rf"(?P<yuan>[{YUAN}](?:人民币)?)?(?:[零〇]?(?P<jiao>{ONE})[{JIAO}])?"
    rf"(?:[零〇]?(?P<fen>{ONE})分)?(?:整|正|钱|錢)?"
)
JIAO_ALONE = re.compile(rf"[{JIAO}](?:(?P<fen>{ONE})分)?(?:整|正|钱|錢)?")
CUT = re.compile(rf"[{YUAN}]\s*[零〇]?{ONE}")


def join_coins(amount: Amount) -> Amount:
    """An amount whose yuan, jiao and fen stand apart as one in yuan; another as it is.

    Raises:
        NoFigure: it is cut short, as 3块5, or has a part of a yuan twice.

    >>> join_coins(Amount("3", "元5角2分")), join_coins(Amount("5", "毛"))
    (Amount(number='3.52', behind='元'), Amount(number='0.5', behind='元'))
    >>> join_coins(Amount("3", "元/月"))
    Amount(number='3', behind='元/月')
    """
    behind = amount.behind
    if behind in PLAIN or behind[0] not in YUAN + JIAO:
        return amount
    alone = JIAO_ALONE.fullmatch(behind)
    if alone:
        return _scale_jiao(Decimal(amount.number), alone["fen"])
    match = COINS.fullmatch(behind)
    if match and match["yuan"]:
        return _add_coins(amount, match["jiao"], match["fen"])
    if CUT.match(behind):
        raise NoFigure("what follows the yuan may be jiao or yuan; write 角 or a decimal")
    return amount


def _add_coins(amount: Amount, jiao: str | None, fen: str | None) -> Amount:
    """An amount with its jiao and fen, where it has any."""
    number = Decimal(amount.number)
    if jiao is None and fen is None:
        return Amount(amount.number, "元")
    if number != number.to_integral_value():
        raise NoFigure("a decimal before 元 is followed by 角 or 分")
    part = Decimal(_read_coins(jiao) * 10 + _read_coins(fen)) / 100
    return Amount(f"{number + part:f}", "元")


def _scale_jiao(jiao: Decimal, fen: str | None) -> Amount:
    """An amount in jiao, and in fen where it has any, in yuan."""
    if fen is not None and jiao != jiao.to_integral_value():
        raise NoFigure("a decimal before 角 is followed by 分")
    return Amount(f"{jiao / 10 + Decimal(_read_coins(fen)) / 100:f}", "元")


def _read_coins(text: str | None) -> int:
    """How many coins of a kind a digit says; none where there is no digit."""
    return int(DIGITS.get(text, text)) if text else 0
