"""Postal addresses in one form. Knows the usual short words; checks no register."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from mesocosm.govern.expr import Column, functions
from mesocosm.govern.types.field import Facts, FieldKind

SHORT = {
    "st": "Street", "str": "Street", "ave": "Avenue", "av": "Avenue", "rd": "Road", "dr": "Drive", "ln": "Lane", "blvd": "Boulevard", "ct": "Court",
    "sq": "Square", "pl": "Place", "hwy": "Highway", "pkwy": "Parkway", "cir": "Circle", "ter": "Terrace", "apt": "Apartment", "ste": "Suite",
    "bldg": "Building", "fl": "Floor", "n": "North", "s": "South", "e": "East", "w": "West", "ne": "Northeast", "nw": "Northwest", "se": "Southeast", "sw": "Southwest",
}  # USPS Publication 28, appendices B and C
GERMAN = re.compile(r"(?<=[a-zäöüß])str\.?(?=\s+\d|\s*,|$)", re.IGNORECASE)


class Address(FieldKind):
    """A postal address in one form: one space between words, short words written out, `str.` as `straße`; a Chinese one without spaces.

    Source: USPS Publication 28, appendices B and C; DIN 5008.

    >>> Address().wanted
    'an address'
    """

    type: Literal["address"] = "address"

    @property
    def wanted(self) -> str:
        """In words."""
        return "an address"

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The address in one form."""
        del parts, facts
        return functions()["address_of"](said.cast("string"))


@lru_cache(maxsize=10_000)
def address_of(said: str) -> str:
    """An address in one form.

    >>> address_of("12  n. Main st.,Apt 4"), address_of("Goethestr. 7 ,  53111 Bonn"), address_of("北京市 朝阳区 建国路 93号")
    ('12 North Main Street, Apartment 4', 'Goethestraße 7, 53111 Bonn', '北京市朝阳区建国路93号')
    """
    if re.search(r"[\u4e00-\u9fff]", said):
        return re.sub(r"\s+", "", said)
    said = GERMAN.sub("straße", re.sub(r"\s+", " ", said).strip())
    parts = [p.strip() for p in said.split(",") if p.strip()]
    return ", ".join(" ".join(_word(w, i) for i, w in enumerate(part.split(" "))) for part in parts)


def _word(word: str, place: int) -> str:
    bare = word.rstrip(".").casefold()
    if bare == "st" and place == 0:
        return word  # a saint
    return SHORT.get(bare, word)
