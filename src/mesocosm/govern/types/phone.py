"""Telephone numbers in one form. Knows the numbering plans through phonenumbers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from mesocosm.govern.expr import Column, functions, literal
from mesocosm.govern.types.field import Facts, FieldKind


def _region(text: str) -> str:
    import phonenumbers

    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("a country by its two letters, such as DE, US or CN")
    return text


class Phone(FieldKind):
    """A telephone number as E.164 has it: `030 1234567` in Germany is `+49301234567`.

    Args:
        country: the country, by its two letters, of a number that names none.

    Source: ITU-T E.164; Google's libphonenumber, through phonenumbers.

    >>> Phone(country="CN").wanted
    'a phone number of CN, or with +'
    """

    type: Literal["phone"] = "phone"
    country: Annotated[str, AfterValidator(_region)]

    @property
    def wanted(self) -> str:
        """In words."""
        return f"a phone number of {self.country}, or with +"

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The number; null for a text that is none a plan allows."""
        del parts, facts
        return functions()["phone_of"](said.cast("string"), literal(self.country))


def phone_of(said: str, country: str) -> str | None:
    """A number as E.164, None where no plan allows it.

    >>> phone_of("(030) 901820", "DE"), phone_of("138 1234 5678", "CN"), phone_of("12", "US")
    ('+4930901820', '+8613812345678', None)
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(said[:60], country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None
