"""Whether figures can be what their form says: check digits, numbers that are given out, plans of
phone numbers. Knows one value, and nothing of the text around it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mesocosm.data.parsing.chinese.codes import holds, read_plate, read_resident_id


def has_five_digits(value: str) -> bool:
    """Whether a value has five digits or more, as numbers of papers have.

    >>> has_five_digits("C01X00T47"), has_five_digits("AB1234")
    (True, False)
    """
    return sum(map(str.isdigit, value)) >= 5


def luhn(digits: str) -> bool:
    """Whether the check digit of a card's number holds.

    Source: ISO/IEC 7812-1, annex B.

    >>> luhn("4539578763621486"), luhn("4539578763621487")
    (True, False)
    """
    total = 0
    for i, digit in enumerate(reversed(digits)):
        n = int(digit) * (1, 2)[i % 2]
        total += sum(divmod(n, 10))  # the sum of its digits
    return total % 10 == 0


def iban(value: str) -> bool:
    """Whether an IBAN's check digits hold.

    Source: ISO 13616-1, ISO 7064 mod 97-10.

    >>> iban("DE89 3704 0044 0532 0130 00")
    True
    """
    text = re.sub(r"\s", "", value).upper()
    moved = text[4:] + text[:4]
    return (
        15 <= len(text) <= 34
        and moved.isascii()
        and moved.isalnum()
        and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1
    )


def resident_id(value: str) -> bool:
    """Whether a Chinese resident identity number has a province, a birthday and a check character
    that hold.

    Source: GB 11643-1999.

    >>> resident_id("11010519491231002X")
    True
    """
    plain = re.sub(r"[ -]", "", value)
    return bool(re.fullmatch(r"\d{17}[\dXx]", plain)) and holds(read_resident_id, plain)


def old_resident_id(value: str) -> bool:
    """Whether 15 digits have the province and the birthday of a Chinese resident identity number as
    they were before 1999; they carry no check character.

    >>> old_resident_id("110105491231002"), old_resident_id("110105491331002")
    (True, False)
    """
    return bool(re.fullmatch(r"\d{15}", value)) and holds(read_resident_id, value)


def plate(value: str) -> bool:
    """Whether a text is a Chinese number plate; few of its characters are letters.

    >>> plate("京A12345"), plate("京ABCDEF")
    (True, False)
    """
    return sum(map(str.isdigit, value)) >= 3 and holds(read_plate, value)


def ssn(value: str) -> bool:
    """Whether a US social security number could have been given out.

    Source: SSA POMS RM 10201.035.

    >>> ssn("536-90-4399"), ssn("666-12-3456")
    (True, False)
    """
    match = re.fullmatch(r"(\d{3})-(\d{2})-(\d{4})", value)
    if match is None or match[1] in ("000", "666"):
        return False
    return match[1] < "900" and match[2] != "00" and match[3] != "0000"


def ahv(value: str) -> bool:
    """Whether the check digit of a Swiss social security number holds.

    Source: GS1 General Specifications, check digit of a GTIN-13.

    >>> ahv("756.9217.0769.85"), ahv("756.9217.0769.84")
    (True, False)
    """
    digits = [int(c) for c in value if c.isdigit()]
    return len(digits) == 13 and sum(d * (1, 3)[i % 2] for i, d in enumerate(digits)) % 10 == 0


def card(value: str) -> bool:
    """Whether a text is a card's number."""
    digits = re.sub(r"[ -]", "", value)
    return 12 <= len(digits) <= 19 and digits.isascii() and digits.isdigit() and luhn(digits)


def address_ip(value: str) -> bool:
    """Whether a text is an IP address."""
    import ipaddress

    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


DATE = re.compile(
    r"(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:\d{4}|\d{2}))(?:["
    r" T-]+\d{1,2}(?:[:.-]\d{2}){0,2})?(?:\s*-\s*\d{1,2})?"
)
NO_PHONES = (
    DATE,
    re.compile(r"\d{1,3}\.\d{3,}\s+\d{1,3}\.\d{3,}"),  # coordinates
    re.compile(r"\d{1,3}([., ])\d{3}(\1\d{3})*"),  # an amount
)
AMERICAN = re.compile(r"(?:1[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}")  # North America's groups
DOTTED = re.compile(r"\d{1,4}(?:\.\d{1,4}){2,}")
REGIONS = (
    "DE",
    "FR",
    "ES",
    "GB",
    "US",
    "CN",
    "CH",
    "AT",
    "IT",
)  # whose numbers are known without a country's code


def phone(value: str) -> bool:
    """Whether figures in groups are a phone number: by a country's code, in North America's groups,
    or by the plan of one of `REGIONS`.

    Dates, coordinates, versions and amounts are none.

    >>> [phone(text) for text in ("0171/1234567", "+49 30 1234567", "555-123-4567")]
    [True, True, True]
    >>> [phone(text) for text in ("2023-01-05", "10.12.2023", "52.5200 13.4050", "1.200.300")]
    [False, False, False, False]
    """
    bare = value.split("x")[0].strip()
    digits = re.sub(r"\D", "", bare)
    if not 7 <= len(digits) <= 15 or _is_other(bare):
        return False
    if bare.startswith(("+", "00")) or AMERICAN.fullmatch(bare):
        return True
    return not _is_dotted(bare) and any(_valid(digits, region) for region in REGIONS)


def _is_other(bare: str) -> bool:
    """Whether figures have the form of a date, of coordinates or of an amount."""
    return any(form.fullmatch(bare) for form in NO_PHONES)


def _is_dotted(bare: str) -> bool:
    """Whether figures are a version, or an address of a network."""
    return bool(DOTTED.fullmatch(bare)) and not bare.startswith("0")


@lru_cache(maxsize=4096)
def _valid(digits: str, region: str) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(digits, region)))
    except phonenumbers.NumberParseException:
        return False
