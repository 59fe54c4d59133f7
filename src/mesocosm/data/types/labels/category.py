"""One of a few values. Knows the values and their aliases, whatever their case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import model_validator

from mesocosm.core.messages import Message
from mesocosm.data.pipeline.ibis_sql import BLANK, Column, map_values, unless_blank
from mesocosm.data.types.field import Facts, FieldKind


def map_spellings(values: Sequence[str], aliases: Mapping[str, str]) -> dict[str, str]:
    """What each spelling of some values means: as it is, and in small letters where no other value
    is meant so.

    >>> map_spellings(["Paid", "m", "M"], {"settled": "Paid"})
    {'paid': 'Paid', 'settled': 'Paid', 'Paid': 'Paid', 'm': 'm', 'M': 'M'}
    """
    exact = {**{value: value for value in values}, **aliases}
    low: dict[str, set[str]] = {}
    for one, value in exact.items():
        low.setdefault(one.casefold(), set()).add(value)
    return {one: next(iter(meant)) for one, meant in low.items() if len(meant) == 1} | exact


class Category(FieldKind):
    """One of a few values. Where the values are listed, a text in full-width letters is one of them
    too; where they are not, any text is a value as it is.

    Args:
        values: the allowed values; any text where not given.
        aliases: other spellings, each with the value it stands for.
        ordered: whether the values are listed from the least to the greatest, as grades are. A
            model of the field then predicts the median of its distribution, and is evaluated by
            how many steps it is off.

    Source: Stevens 1946, On the Theory of Scales of Measurement (nominal and ordinal scales).

    >>> Category(values=("low", "high"), aliases={"hi": "high"}).expected
    'one of low, high'
    """

    type: Literal["category"] = "category"
    values: tuple[str, ...] = ()
    aliases: dict[str, str] = {}
    ordered: bool = False

    @model_validator(mode="after")
    def _listed(self) -> Category:
        if self.ordered and len(self.values) < 3:
            raise ValueError(Message("config.ordered_values"))
        return self

    @property
    def expected(self) -> str:
        """In words."""
        return f"one of {', '.join(self.values)}" if self.values else "a category"

    @property
    def narrows(self) -> bool:
        """Only towards values that the file lists: of others, full-width letters may be what tells
        two apart.
        """
        return bool(self.values)

    @property
    def usual_null(self) -> tuple[str, ...]:
        """Words that are neither a value nor an alias; only the empty text where any text is a
        value.
        """
        if not self.values:
            return ("",)
        return tuple(word for word in BLANK if word not in self._own_words)

    @property
    def _own_words(self) -> set[str]:
        """The values and aliases in small letters."""
        return {word.casefold() for word in (*self.values, *self.aliases)}

    @property
    def label_spellings(self) -> dict[str, str]:
        """Each alias and each value, whatever its case where that leaves one."""
        return map_spellings(self.values, self.aliases)

    def unless_null(self, raw: Column) -> Column:
        """The value, null where it is a null word that is neither a value nor an alias."""
        if self.null is None:
            return super().unless_null(raw)
        own = self._own_words
        words = tuple(word for word in self.null if word.casefold() not in own)
        if words == self.null:
            return super().unless_null(raw)
        return unless_blank(raw, words, exact=True)

    def parts(
        self, raw: Column, known: dict[str, Column], facts: Facts | None = None
    ) -> dict[str, Column]:
        """The text in small letters."""
        del facts
        return {} if known or not self.values else {"low": raw.cast("string").lower()}

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The value as the file spells it; null for a text that is neither value nor alias."""
        del facts
        if not self.values:
            return raw.cast("string")
        known, exact = self._by_case()
        read = map_values(parts["low"], known, "string")
        if not exact:
            return read
        return map_values(raw.cast("string"), exact, "string").coalesce(read)

    def _by_case(self) -> tuple[dict[str, str], dict[str, str]]:
        """What each spelling means: in small letters where its case does not matter, and exactly
        where two values differ in their case only.
        """
        spelled = dict(zip(self.values, self.values, strict=True)) | self.aliases
        known: dict[str, str] = {}
        exact: dict[str, str] = {}
        for one, value in spelled.items():
            for low in (one.lower(), one.casefold()):
                if known.setdefault(low, value) != value:
                    exact |= _spelled_as(low, spelled)
        differing = {one.lower() for one in exact}
        return {low: value for low, value in known.items() if low not in differing}, exact


def _spelled_as(low: str, spelled: Mapping[str, str]) -> dict[str, str]:
    """The spellings that are one text in small letters, each with its value."""
    return {one: value for one, value in spelled.items() if one.lower() == low}
