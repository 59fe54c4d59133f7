"""A tag for each word of a text, as named things are marked: O, B-PLACE, I-PLACE. Knows the kinds
of things, whatever their case.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.data.pipeline.ibis_sql import Column, cases, map_values, null
from mesocosm.data.types.field import Facts, FieldKind


class Tags(FieldKind):
    """A tag a word with a space between: `O` for none, `B-` where a named thing begins and `I-`
    where it continues.

    Args:
        values: the kinds of named things.

    Source: Ramshaw and Marcus 1995, Text Chunking using Transformation-Based Learning (IOB); Tjong
    Kim Sang and De Meulder 2003, CoNLL.

    >>> Tags(values=("PLACE",)).expected
    'a tag a word with spaces between: O, B-PLACE or I-PLACE'
    """

    type: Literal["tags"] = "tags"
    values: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _plain(self) -> Tags:
        for value in self.values:
            if not value or any(c.isspace() for c in value):
                raise ValueError(Message("config.values_without_spaces", value=value))
        return self

    @property
    def tags(self) -> list[str]:
        """All tags."""
        found = ["O"]
        for value in self.values:
            found += [f"B-{value}", f"I-{value}"]
        return found

    @property
    def expected(self) -> str:
        """In words."""
        return f"a tag a word with spaces between: {', '.join(self.tags[:-1])} or {self.tags[-1]}"

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The tags with one space between; null where one of them is not known, or there is
        none.
        """
        del parts, facts
        each = raw.cast("string").re_replace(r"\s+", " ").split(" ").filter(lambda v: v != "")
        known = {tag.casefold(): tag for tag in self.tags}
        read = each.map(lambda v: map_values(v.lower(), known, "string"))
        whole = read.filter(lambda v: v.isnull()).length() == 0
        return cases(
            (whole & (each.length() > 0), read.filter(lambda v: v.notnull()).join(" ")),
            other=null(),
        )
