"""Postal addresses in one form. Knows the usual short words; checks no register."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from mesocosm.data.parsing.chinese.divisions import NoDivision, cut_address, join_han
from mesocosm.data.pipeline.ibis_sql import Column, functions, literal
from mesocosm.data.types.field import Facts, FieldKind

WAYS = {
    "st": "Street",
    "str": "Street",
    "ave": "Avenue",
    "av": "Avenue",
    "rd": "Road",
    "dr": "Drive",
    "ln": "Lane",
    "blvd": "Boulevard",
    "ct": "Court",
    "sq": "Square",
    "pl": "Place",
    "hwy": "Highway",
    "pkwy": "Parkway",
    "cir": "Circle",
    "ter": "Terrace",
}  # USPS Publication 28, appendix C1
UNITS = {"apt": "Apartment", "ste": "Suite", "bldg": "Building", "fl": "Floor"}  # appendix C2
DIRECTIONS = {
    "n": "North",
    "s": "South",
    "e": "East",
    "w": "West",
    "ne": "Northeast",
    "nw": "Northwest",
    "se": "Southeast",
    "sw": "Southwest",
}  # appendix B
UNIT = re.compile(r"#?(?:\d{1,4}[a-z]?|[a-z])")
ZIP = re.compile(r"\d{5}(?:-\d{4})?")
GERMAN = re.compile(r"(?<=[a-zäöüß])str\.?(?=\s+\d|\s*,|$)", re.IGNORECASE)


class Address(FieldKind):
    """A postal address in one form: one space between words, short words written out, `str.` as
    `straße`; a Chinese one without spaces next to Chinese characters.

    Args:
        part: the part of a Chinese address that is kept: its `province`, `city` or `district` by
            the official name, or the `detail` behind them. What is left out is taken from what is
            named where one place alone fits; else the address is refused with the reason. Several
            fields may read one `column`.

    Source: USPS Publication 28, appendices B and C; DIN 5008; GB/T 2260 as of the end of 2025.

    >>> Address().expected
    'an address'
    """

    type: Literal["address"] = "address"
    part: Literal["province", "city", "district", "detail"] | None = None

    @property
    def expected(self) -> str:
        """In words."""
        return f"an address with a {self.part}" if self.part else "an address"

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The address in one form, or the part of it."""
        del parts, facts
        if self.part:
            return functions()["division_of"](raw.cast("string"), literal(self.part))
        return functions()["address_of"](raw.cast("string"))

    def explain_refusal(self, raw: Column, facts: Facts) -> Column | None:
        """Why an address has no such part."""
        del facts
        return functions()["why_no_division"](raw, literal(self.part)) if self.part else None


@lru_cache(maxsize=10_000)
def _cut(raw: str, part: str) -> tuple[str, str]:
    """A part of an address, and why it has none; one of them is empty."""
    try:
        parts = cut_address(raw)
    except NoDivision as error:
        return "", str(error)
    found = str(getattr(parts, part))
    return found, "" if found else parts.explain(part)


def division_of(raw: str, part: str) -> str | None:
    """A part of a Chinese address, None where it has none.

    >>> division_of("杭州市西湖区文三路138号", "province")
    '浙江省'
    """
    return _cut(raw, part)[0] or None


def why_no_division(raw: str, part: str) -> str | None:
    """Why an address has no such part, None where it has one.

    >>> why_no_division("东莞市南城街道", "district")
    'it names no district'
    """
    return _cut(raw, part)[1] or None


@lru_cache(maxsize=10_000)
def address_of(raw: str) -> str:
    """An address in one form.

    >>> address_of("12  n. Main st.,Apt 4")
    '12 North Main Street, Apartment 4'
    >>> address_of("Goethestr. 7 ,  53111 Bonn")
    'Goethestraße 7, 53111 Bonn'
    >>> address_of("北京市 朝阳区 建国路 93号")
    '北京市朝阳区建国路93号'
    """
    if re.search(r"[\u4e00-\u9fff]", raw):
        return join_han(raw)
    raw = GERMAN.sub("straße", re.sub(r"\s+", " ", raw).strip())
    parts = [p.strip() for p in raw.split(",") if p.strip()]
    return ", ".join(_written_out(part.split(" ")) for part in parts)


def _written_out(words: list[str]) -> str:
    """A part of an address with its short words written out where they stand as such words do.

    A way's kind closes its name, so the one before a name is a title or a saint; a direction opens
    the name after the number, or closes it. What stands before a code of five digits is a state.

    >>> [_written_out(a.split()) for a in ("5 Dr. Martin Luther King Dr.", "12 St James St N")]
    ['5 Dr. Martin Luther King Drive', '12 St James Street North']
    >>> [_written_out(a.split()) for a in ("7 E St", "Apt 4", "Omaha NE 68001")]
    ['7 E Street', 'Apartment 4', 'Omaha NE 68001']
    """
    bare = [word.rstrip(".").casefold() for word in words]
    return " ".join(_full_word(word, bare, place) for place, word in enumerate(words))


def _full_word(word: str, bare: list[str], place: int) -> str:
    """One word written out, or as it stands.

    Args:
        bare: all words of the part, plain and in small letters.
    """
    short = bare[place]
    if short in UNITS and UNIT.fullmatch("".join(bare[place + 1 : place + 2])):
        return UNITS[short]
    if short in WAYS and _is_way(bare, place):
        return WAYS[short]
    if short in DIRECTIONS and _is_direction(bare, place):
        return DIRECTIONS[short]
    return word


def _is_way(bare: list[str], place: int) -> bool:
    """Whether a short word is the kind of a way; `Ct` without a number may be a state."""
    return _closes_name(bare, place) and (bare[place] != "ct" or _is_numbered(bare))


def _is_numbered(bare: list[str]) -> bool:
    return any(word[:1].isdigit() for word in bare)


def _is_direction(bare: list[str], place: int) -> bool:
    """Whether a short word closes the name of a way, or opens it after the number."""
    if not _is_numbered(bare):
        return False
    has_way = not WAYS.keys().isdisjoint(bare)
    return (has_way and _closes_name(bare, place)) or _opens(bare, place)


def _closes_name(bare: list[str], place: int) -> bool:
    """Whether a name comes before a word, and no more of it after."""
    return any(word[:1].isalpha() for word in bare[:place]) and _closes(bare, place)


def _closes(bare: list[str], place: int) -> bool:
    """Whether nothing but directions, parts of a building and numbers comes after."""
    return all(
        b in DIRECTIONS or b in UNITS or not (b[:1].isalpha() or ZIP.fullmatch(b))
        for b in bare[place + 1 :]
    )


def _opens(bare: list[str], place: int) -> bool:
    """Whether a number alone comes before, and a name of more than its kind after."""
    after = [b for b in bare[place + 1 :] if b not in DIRECTIONS]
    return place > 0 and all(b[:1].isdigit() for b in bare[:place]) and len(after) > 1
