"""Yes or no. Knows the usual spellings in English and Chinese."""

from __future__ import annotations

from typing import Literal

from mesocosm.govern.expr import Column, matched
from mesocosm.govern.types.field import Facts, FieldKind

SPELLINGS = {word: True for word in ("true", "yes", "y", "t", "1", "1.0", "是")}
SPELLINGS |= {word: False for word in ("false", "no", "n", "f", "0", "0.0", "否")}


class Boolean(FieldKind):
    """Yes or no, in the usual spellings.

    Source: YAML 1.1 boolean tag, https://yaml.org/type/bool.html, with digits and Chinese.

    >>> Boolean().wanted
    'yes or no'
    """

    type: Literal["boolean"] = "boolean"

    @property
    def ibis_type(self) -> str:
        """Boolean."""
        return "boolean"

    @property
    def wanted(self) -> str:
        """In words."""
        return "yes or no"

    def parts(self, said: Column, known: dict[str, Column], facts: Facts | None = None) -> dict[str, Column]:
        """The text in small letters."""
        del facts
        return {} if known else {"low": said.cast("string").lower()}

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """True or false, null for another text."""
        del facts, said
        return matched(parts["low"], SPELLINGS, "boolean")
