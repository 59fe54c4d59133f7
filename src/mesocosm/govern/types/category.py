"""One of a few values. Knows the values and their aliases, whatever their case."""

from __future__ import annotations

from typing import Literal

from mesocosm.govern.expr import Column, matched
from mesocosm.govern.types.field import Facts, FieldKind


class Category(FieldKind):
    """One of a few values.

    Args:
        values: the allowed values; any text where not given.
        aliases: other spellings, each with the value it stands for.

    Source: Stevens 1946, On the Theory of Scales of Measurement (nominal scale).

    >>> Category(values=("low", "high"), aliases={"hi": "high"}).wanted
    'one of low, high'
    """

    type: Literal["category"] = "category"
    values: tuple[str, ...] = ()
    aliases: dict[str, str] = {}

    @property
    def wanted(self) -> str:
        """In words."""
        return f"one of {', '.join(self.values)}" if self.values else "a category"

    def parts(self, said: Column, known: dict[str, Column]) -> dict[str, Column]:
        """The text in small letters."""
        return {} if known or not self.values else {"low": said.cast("string").lower()}

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The value as the file spells it; null for a text that is neither value nor alias."""
        del facts
        if not self.values:
            return said.cast("string")
        known = {value.casefold(): value for value in self.values}
        known |= {alias.casefold(): value for alias, value in self.aliases.items()}
        return matched(parts["low"], known, "string")
