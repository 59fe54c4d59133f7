"""Several values in one text, as tags are. Knows the separator, the values and their aliases, whatever their case."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mesocosm.govern.expr import Column, cases, matched, null
from mesocosm.govern.types.field import Facts, FieldKind

BETWEEN = "; "


class List(FieldKind):
    """Several values in one text; each once, in the order of the alphabet, with "; " between.

    Args:
        separator: what stands between values in the source.
        values: the allowed values; any text where not given.
        aliases: other spellings, each with the value it stands for.

    Source: Tsoumakas and Katakis 2007, Multi-Label Classification: An Overview.

    >>> List(values=("red", "blue"), separator="|").wanted
    "red, blue or several of them with '|' between"
    """

    type: Literal["list"] = "list"
    separator: str = Field(";", min_length=1, max_length=8)
    values: tuple[str, ...] = ()
    aliases: dict[str, str] = {}

    @model_validator(mode="after")
    def _plain(self) -> List:
        for value in (*self.values, *self.aliases):
            if BETWEEN.strip() in value or self.separator in value:
                raise ValueError(f"values without '{self.separator}' and ';' in them, and one is '{value}'")
        return self

    @property
    def wanted(self) -> str:
        """In words."""
        between = f"with '{self.separator}' between"
        return f"{', '.join(self.values)} or several of them {between}" if self.values else f"values {between}"

    @property
    def usual_null(self) -> tuple[str, ...]:
        """Only the empty text: an item may be any word."""
        return ("",)

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The values, each once and sorted; null where one of them is not known, or there is none."""
        del parts, facts
        each = said.cast("string").split(self.separator).map(lambda v: v.strip()).filter(lambda v: v != "")
        if self.values:
            known = {value.casefold(): value for value in self.values}
            known |= {alias.casefold(): value for alias, value in self.aliases.items()}
            read = each.map(lambda v: matched(v.lower(), known, "string"))
            whole = read.filter(lambda v: v.isnull()).length() == 0
            each = read.filter(lambda v: v.notnull())
            return cases((whole & (each.length() > 0), each.unique().sort().join(BETWEEN)), other=null())
        return cases((each.length() > 0, each.unique().sort().join(BETWEEN)), other=null())
