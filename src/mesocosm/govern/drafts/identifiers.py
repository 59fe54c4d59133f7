"""Whether a column's values name something rather than measure it. Such values are texts: no zero may be lost, no digit rounded."""

from __future__ import annotations

import re

from mesocosm.govern.drafts.columns import Column, words
from mesocosm.govern.privacy.detect import card, iban, resident_id

LONG = 15  # digits that a double surely holds
POSTCODE = frozenset(["zip", "zipcode", "postcode", "postal", "plz", "postleitzahl", "cap"])
LAST = frozenset(["id", "no", "nr", "num", "number", "code", "key", "uuid", "guid", "sku", "isbn", "issn", "ean", "iban", "ssn", "fips", "gtin", "upc", "vin", "imei"])
ALONE = LAST - {"no", "num", "number"}
ANYWHERE = frozenset(["phone", "telephone", "mobile", "tel", "fax", "telefon", "passport"])
CHINESE = re.compile(r"编号|号码|单号|证号|代码|邮编|学号|工号|卡号|账号|帐号|身份证|手机|电话|序号")
CODE = re.compile(r"(?=.*\d)[A-Za-z]{0,8}[-_/#]?[A-Za-z\d]+(?:[-_/#.][A-Za-z\d]+)*")


def identifier(column: Column) -> str:
    """Why a column's values name something; empty where nothing says so."""
    values = list(column.counts)
    digits = [v for v in values if re.fullmatch(r"[0-9]+", v)]
    if not values:
        return ""
    if len(digits) == len(values):
        if column.kind == "VARCHAR" and (zeros := [v for v in digits if len(v) > 1 and v[0] == "0"]):
            return f"{sum(column.counts[v] for v in zeros)} values are digits with leading zeros, which a number would lose"
        if any(len(v) > LONG for v in digits):
            return f"its values have up to {max(map(len, digits))} digits, more than a number holds exactly"
    for what, holds in (("IBAN", iban), ("Chinese resident identity number", resident_id), ("card number", card)):
        if len(values) >= 3 and sum(holds(v) for v in values[:500]) >= 0.95 * min(500, len(values)):
            return f"the check digits of a {what} hold in its values"
    if (told := named(column.name)) and all(re.fullmatch(r"[^\W_]+(?:[-_/#. ][^\W_]+)*", v) for v in values[:500]) and not _counted(values):
        return f"its name says that it is {told}"
    return ""


def named(name: str) -> str:
    """What kind of identifier a column's name says, empty where it says none.

    >>> named("member_id"), named("zip"), named("number_of_rooms"), named("订单编号"), named("paid")
    ('an identifier', 'a postcode', '', 'an identifier', '')
    """
    said = words(name)
    if not said:
        return ""
    if POSTCODE & set(said) - ({"cap"} if said != ["cap"] else set()):
        return "a postcode" if said != ["cap"] else ""
    if ANYWHERE & set(said) or CHINESE.search(name):
        return "an identifier"
    last = [w for w in said if not w.isdigit()][-1:]
    if last and (last[0] in ALONE or (last[0] in LAST and len(said) > 1 and said[0] not in ("num", "number"))):
        return "an identifier"
    return ""


def coded(column: Column) -> bool:
    """Whether its values are codes of letters and digits of one length, such as L-00042."""
    values = list(column.counts)[:500]
    return bool(values) and all(CODE.fullmatch(v) and re.search(r"[A-Za-z]", v) for v in values) and len({re.sub(r"\d", "9", v) for v in values}) <= 3


def counted(column: Column) -> bool:
    """Whether its values number the rows one by one, from 0 or 1."""
    if not column.unique or not all(re.fullmatch(r"[0-9]{1,9}", v) for v in column.counts):
        return False
    numbers = sorted(map(int, column.counts))
    return numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1 and len(numbers) == column.distinct


def _counted(values: list[str]) -> bool:
    """Whether values are measures: figures with a decimal part, or below nought."""
    return any(re.fullmatch(r"-\d+(\.\d+)?|\d*\.\d+|\d+,\d+", v) for v in values[:500])
