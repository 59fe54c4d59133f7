"""Codes that carry their own proof, in one form. Knows their check characters; asks no register."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from mesocosm.data.parsing.chinese.codes import READERS, NoCode, squeeze
from mesocosm.data.pipeline.ibis_sql import Column, functions, literal
from mesocosm.data.privacy.check_digits import card, iban
from mesocosm.data.types.field import Facts, FieldKind

Form = Literal[
    "card",
    "cn_credit_code",
    "cn_passport",
    "cn_plate",
    "cn_postcode",
    "cn_resident_id",
    "iban",
]
NAMES = {
    "card": "a card number",
    "cn_credit_code": "a unified social credit code",
    "cn_passport": "a Chinese passport number",
    "cn_plate": "a Chinese number plate",
    "cn_postcode": "a Chinese postcode",
    "cn_resident_id": "a Chinese resident identity number",
    "iban": "an IBAN",
}


class Identifier(FieldKind):
    """A code that carries its own proof, in one form: without spaces and marks, in capitals. A code
    whose check digits, day of birth or province does not hold is refused with the reason.

    A resident identity number has 18 characters, or 15 digits as before 1999, which have no check
    character and stay 15. A postcode, a plate and a passport are known by their form alone.

    Args:
        form: `card` (of a bank), `iban`, or a code of China: `cn_resident_id`, `cn_credit_code` (of
            a company), `cn_passport`, `cn_plate` (of a car) or `cn_postcode`.

    Source: GB 11643-1999; GB 32100-2015; GA 36-2018; ISO/IEC 7812-1; ISO 13616-1.

    >>> Identifier(form="cn_plate").expected
    'a Chinese number plate'
    """

    type: Literal["identifier"] = "identifier"
    form: Form

    @property
    def expected(self) -> str:
        """In words."""
        return NAMES[self.form]

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The code; null for a text that is none."""
        del parts, facts
        return functions()["code_of"](raw.cast("string"), literal(self.form))

    def explain_refusal(self, raw: Column, facts: Facts) -> Column | None:
        """Why a text is no such code."""
        del facts
        return functions()["why_no_code"](raw, literal(self.form))


@lru_cache(maxsize=10_000)
def _read(raw: str, form: str) -> tuple[str, str]:
    """A code in one form, and why the text is none; one of them is empty."""
    if form in READERS:
        try:
            return READERS[form](raw), ""
        except NoCode as error:
            return "", str(error)
    code = squeeze(raw)
    holds = card if form == "card" else iban
    if not holds(code):
        return "", "its check digits do not hold"
    return code, ""


def code_of(raw: str, form: str) -> str | None:
    """A code in one form, None where the text is none.

    >>> code_of("4539 5787 6362 1486", "card"), code_of("DE89 3704 0044 0532 0130 00", "iban")
    ('4539578763621486', 'DE89370400440532013000')
    """
    return _read(raw, form)[0] or None


def why_no_code(raw: str, form: str) -> str | None:
    """Why a text is no such code, None where it is one.

    >>> why_no_code("4539578763621487", "card")
    'its check digits do not hold'
    """
    return _read(raw, form)[1] or None
