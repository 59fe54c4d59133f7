"""Codes of China: resident identity numbers, unified social credit codes, number plates, passports
and postcodes, each in one form or refused with its reason.

Pure. Whether a code was given out is known to the register alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from mesocosm.data.parsing.digits import to_ascii_digits

PROVINCES = re.compile(  # the first two digits of codes of divisions, GB/T 2260
    r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]"
)
FOREIGN = re.compile(r"9[1-8]")  # of permanent residents from abroad
RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
PLATE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE_LETTER = "A-HJ-NP-Z"
PLATE = re.compile(
    rf"[{PLATE_PROVINCES}][{PLATE_LETTER}O](?:"
    rf"[{PLATE_LETTER}0-9]{{4}}[{PLATE_LETTER}0-9挂学警港澳试超领]|"  # five characters
    rf"[{PLATE_LETTER}][{PLATE_LETTER}0-9][0-9]{{4}}|[0-9]{{5}}[{PLATE_LETTER}])"  # new energy
)
PASSPORT = re.compile(
    rf"E\d{{8}}|E[{PLATE_LETTER}]\d{{7}}|G\d{{8}}|[DPS]\d{{7,8}}|[DPS]E\d{{7}}|[HK]\d{{8}}|"
    r"K[JZ]\d{7}|M[AB]\d{7}|1[45]\d{7}"
)
FIRST_YEAR = 1850


class NoCode(ValueError):
    """A text is no such code; says why, and repeats nothing of it: it may be a person's."""


def squeeze(text: str, marks: str = r"[\s\-]") -> str:
    """A code in plain capitals and digits, without the marks between its parts. A point is none:
    digits before a decimal mark may have lost their zeros.

    >>> squeeze("１１０１０５ 19491231-002x")
    '11010519491231002X'
    """
    plain = to_ascii_digits(unicodedata.normalize("NFKC", text))
    return re.sub(marks, "", plain).upper()


def read_resident_id(text: str) -> str:
    """A resident identity number of 18 characters, or of 15 digits as before 1999.

    Source: GB 11643-1999; ISO 7064 MOD 11-2.

    >>> read_resident_id("11010519491231002x"), read_resident_id("110105 491231 002")
    ('11010519491231002X', '110105491231002')
    >>> read_resident_id("110105194912310021")
    Traceback (most recent call last):
    mesocosm.data.parsing.chinese.codes.NoCode: its check character does not hold
    """
    code = squeeze(text)
    if re.fullmatch(r"\d{15}", code):
        _check_region(code)
        _check_birth(f"19{code[6:12]}")
        return code
    if not re.fullmatch(r"\d{17}[\dX]", code):
        raise NoCode("it has not 17 digits and a check character, or 15 digits")
    _check_region(code)
    _check_birth(code[6:14])
    total = sum(int(digit) * weight for digit, weight in zip(code, RESIDENT_WEIGHTS, strict=False))
    check = "10X98765432"[total % 11]
    if check != code[-1]:
        raise NoCode("its check character does not hold")
    return code


def _check_region(code: str) -> None:
    """Refuse a code whose first two digits are no province."""
    if not (PROVINCES.match(code) or FOREIGN.match(code)):
        raise NoCode("its first two digits are no province")


def _check_birth(digits: str) -> None:
    """Refuse a birthday that the calendar does not have."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    try:
        date(year, month, day)
    except ValueError as error:
        raise NoCode("its day of birth is none of the calendar") from error
    if year < FIRST_YEAR or year >= 2100:
        raise NoCode("its year of birth is outside 1850 to 2099")


def read_credit_code(text: str) -> str:
    """A unified social credit code of a legal person.

    Source: GB 32100-2015; ISO 7064 MOD 31 as that standard has it.

    >>> read_credit_code("91350100M000100Y43")
    '91350100M000100Y43'
    """
    code = squeeze(text)
    if not re.fullmatch(rf"[{CREDIT_LETTERS}]{{2}}\d{{6}}[{CREDIT_LETTERS}]{{10}}", code):
        raise NoCode("it has not 18 characters of which the third to eighth are digits")
    if not PROVINCES.match(code[2:4]) and code[2:4] != "10":
        raise NoCode("its third and fourth digits are no province")
    total = sum(
        CREDIT_LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(code[:17])
    )
    check = CREDIT_LETTERS[(31 - total % 31) % 31]
    if check != code[-1]:
        raise NoCode("its check character does not hold")
    return code


def read_plate(text: str) -> str:
    """A number plate of a car, those of new-energy cars too.

    Source: GA 36-2018.

    >>> read_plate("京A·12345"), read_plate("粤bd12345")
    ('京A12345', '粤BD12345')
    """
    code = squeeze(text, r"[\s·•・.\-]")
    if not PLATE.fullmatch(code):
        raise NoCode("it is not a province, a letter and five or six characters")
    return code


def read_passport(text: str) -> str:
    """A passport of China, of Hong Kong or of Macao.

    >>> read_passport("e12345678")
    'E12345678'
    """
    code = squeeze(text)
    if not PASSPORT.fullmatch(code):
        raise NoCode("it is not written as passports of China are")
    return code


def read_postcode(text: str) -> str:
    """A postcode of six digits.

    Source: GB/T 2260 has no postcodes; China Post gives them out from 010000 to 867999.

    >>> read_postcode("100 000")
    '100000'
    """
    code = squeeze(text)
    if not re.fullmatch(r"(?!00)[0-8]\d{5}|99907[789]", code):
        raise NoCode("it is not six digits that a postcode begins with")
    return code


READERS: dict[str, Callable[[str], str]] = {
    "cn_credit_code": read_credit_code,
    "cn_passport": read_passport,
    "cn_plate": read_plate,
    "cn_postcode": read_postcode,
    "cn_resident_id": read_resident_id,
}


def holds(read: Callable[[str], str], text: str) -> bool:
    """Whether a reader takes a text.

    >>> holds(read_plate, "京A12345"), holds(read_plate, "京东商城")
    (True, False)
    """
    try:
        return bool(read(text))
    except NoCode:
        return False
