"""Several values in one text, as tags are. Knows the separator, the values and their aliases,
whatever their case.
"""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.data.pipeline.ibis_sql import Column, cases, functions, literal, map_values, null
from mesocosm.data.types.field import Facts, FieldKind
from mesocosm.data.types.labels.category import map_spellings

BETWEEN = "; "


class List(FieldKind):
    """Several values in one text; each once, in the order of the alphabet, with "; " between.

    An array of JSON, as a list of Parquet becomes one, is read as its items; one with an item that
    holds the separator is refused.

    Args:
        separator: what stands between values in the source.
        values: the allowed values; any text where not given.
        aliases: other spellings, each with the value it stands for.

    Source: Tsoumakas and Katakis 2007, Multi-Label Classification: An Overview.

    >>> List(values=("red", "blue"), separator="|").expected
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
                raise ValueError(
                    Message(
                        "config.values_without_separator", separator=self.separator, value=value
                    )
                )
        return self

    @property
    def expected(self) -> str:
        """In words."""
        between = f"with '{self.separator}' between"
        if not self.values:
            return f"values {between}"
        return f"{', '.join(self.values)} or several of them {between}"

    @property
    def narrows(self) -> bool:
        """Only towards values that the file lists."""
        return bool(self.values)

    @property
    def label_spellings(self) -> dict[str, str]:
        """Of an item: each alias and each value."""
        return map_spellings(self.values, self.aliases)

    @property
    def usual_null(self) -> tuple[str, ...]:
        """Only the empty text and the empty array: an item may be any word."""
        return ("", "[]")

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The values, each once and sorted; null where one of them is not known, or there is
        none.
        """
        del parts, facts
        text = raw.cast("string")
        written = text
        if not self.values:
            written = text.replace(full_width(self.separator), self.separator)
        text = cases(
            (text.re_search(r"^\[.*\]$"), functions()["items_of"](text, literal(self.separator))),
            other=written,
        )
        each = text.split(self.separator).map(lambda v: v.strip()).filter(lambda v: v != "")
        if self.values:
            return self._listed(each)
        return cases((each.length() > 0, _in_order(each)), other=null())

    def _listed(self, each: Column) -> Column:
        """Some texts as the values that they spell; null where one of them spells none."""
        known = {value.casefold(): value for value in self.values}
        known |= {alias.casefold(): value for alias, value in self.aliases.items()}
        read = each.map(lambda v: map_values(v.lower(), known, "string"))
        whole = read.filter(lambda v: v.isnull()).length() == 0
        each = read.filter(lambda v: v.notnull())
        return cases((whole & (each.length() > 0), _in_order(each)), other=null())


def _in_order(each: Column) -> Column:
    """Some values, each once and sorted, as one text."""
    return each.unique().sort().join(BETWEEN)


def full_width(separator: str) -> str:
    """A separator as Chinese and Japanese keyboards write it.

    >>> full_width(";"), full_width("| "), full_width("·")
    ('；', '｜ ', '·')
    """
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in separator)


def items_of(raw: str, separator: str) -> str | None:
    """The items of an array of JSON with the separator between; a text that is no such array as it
    is, None where an item cannot stand.

    >>> items_of('["a", 1.10]', ";"), items_of('["a;b"]', ";"), items_of("[a]", ";")
    ('a;1.10', None, '[a]')
    """
    try:
        # each number as it is written
        items: list[object] = json.loads(raw, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return raw
    texts = [_item_text(item) for item in items if item is not None]
    if not all(_can_stand(item, separator) for item in items):
        return None
    return separator.join(texts)


def _item_text(item: object) -> str:
    return item if isinstance(item, str) else json.dumps(item)


def _can_stand(item: object, separator: str) -> bool:
    """Whether an item is a single value, and holds no separator."""
    if item is None:
        return True
    text = _item_text(item)
    return (
        not isinstance(item, list | dict) and separator not in text and BETWEEN.strip() not in text
    )
