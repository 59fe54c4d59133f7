"""Telephone numbers in one form. Knows the numbering plans through phonenumbers."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator

from mesocosm.data.pipeline.ibis_sql import Column, functions, literal
from mesocosm.data.types.field import Facts, FieldKind

EXTENSION = r"\d\s*(?:ext|extension|x|poste|durchwahl|dw|#|;ext=|转|分机)[\s.:=]*\d+\s*$"
AS_DECIMAL = r"[-+]?\d+\.\d{0,2}|[-+]?\d(?:\.\d+)?[eE]\+?\d+"
TWO_NUMBERS = r"\d\s*[;,|&\n]\s*[\d+(]|\d\s+/\s+[\d+(]|[^/\s]\s*\+\d|\s(?:or|oder|ou|und|and)\s"
PREFIX = r"^\s*(?:tel|phone|mobile|fax|telefon|(?:联系)?(?:电话|手机)号?码?|座机|传真)?\.?\s*:?\s*"


def _region(text: str) -> str:
    import phonenumbers

    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("a country by its two letters, such as DE, US or CN")
    return text


class Phone(FieldKind):
    """A telephone number as E.164 has it: `030 1234567` in Germany is `+49301234567`.

    Refused with the reason: letters, two numbers, an extension (E.164 has none), a number written
    as a decimal (`6502530000.0`).

    Args:
        country: the country, by its two letters, of a number that names none.

    Source: ITU-T E.164; Google's libphonenumber, through phonenumbers.

    >>> Phone(country="CN").expected
    'a phone number of CN, or with +'
    """

    type: Literal["phone"] = "phone"
    country: Annotated[str, AfterValidator(_region)]

    @property
    def expected(self) -> str:
        """In words."""
        return f"a phone number of {self.country}, or with +"

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The number; null for a text that is none a plan allows."""
        del parts, facts
        return functions()["phone_of"](raw.cast("string"), literal(self.country))

    def explain_refusal(self, raw: Column, facts: Facts) -> Column | None:
        """Why a text is no phone number."""
        del facts
        return functions()["why_no_phone"](raw, literal(self.country))


def phone_of(raw: str, country: str) -> str | None:
    """A number as E.164, None where no plan allows it.

    >>> phone_of("(030) 901820", "DE"), phone_of("138 1234 5678", "CN"), phone_of("12", "US")
    ('+4930901820', '+8613812345678', None)
    """
    found = _read(raw, country)
    return found if found.startswith("+") else None


def why_no_phone(raw: str, country: str) -> str | None:
    """Why a text is no phone number, None where it is one.

    >>> why_no_phone("030 901820 ext. 5", "DE"), why_no_phone("030 901820 / 901821", "DE")
    ('an extension is refused: E.164 has none', 'it holds two numbers')
    """
    found = _read(raw, country)
    return None if found.startswith("+") else found


def _read(raw: str, country: str) -> str:
    """A number as E.164, or why the text is none."""
    import phonenumbers

    text = unicodedata.normalize("NFKC", raw).strip()
    refused = _refuse_form(text)
    if refused:
        return refused
    body = re.sub(PREFIX, "", text, flags=re.IGNORECASE)
    if any(c.isalpha() for c in body):
        return "letters stand in it"
    try:
        number = phonenumbers.parse(body, country)
    except phonenumbers.NumberParseException:
        return "it is not a phone number"
    if not phonenumbers.is_valid_number(number):
        region = phonenumbers.region_code_for_number(number) or f"+{number.country_code}"
        return f"the numbering plan of {region} has no such number"
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _refuse_form(text: str) -> str:
    """Why a text is not written as one whole number; empty where it may be."""
    if len(text) > 60:
        return "it is too long for a phone number"
    if re.search(EXTENSION, text, re.IGNORECASE):
        return "an extension is refused: E.164 has none"
    if re.fullmatch(AS_DECIMAL, text):
        return "it is written as a decimal number; its digits may have changed"
    if re.search(TWO_NUMBERS, re.sub(r"^\s*tel\.?:?\s*", "", text, flags=re.IGNORECASE)):
        return "it holds two numbers"
    return ""
