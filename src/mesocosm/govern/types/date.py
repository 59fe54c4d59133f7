"""Dates in several formats. Knows strptime's letters; tries the formats in their order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from mesocosm.govern.expr import Column, cases, functions, literal, null
from mesocosm.govern.types.field import Facts, FieldKind

SHORT = {
    "iso": ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f"),
    "zh": ("%Y年%m月%d日", "%Y年%m月%d号", "%Y/%m/%d", "%Y.%m.%d"),
}


def _format(text: str) -> str:
    if text not in SHORT and "%" not in text:
        raise ValueError('iso, zh, or a format such as "%d/%m/%Y"')
    return text


class Date(FieldKind):
    """A day, written in any of several formats.

    Args:
        formats: `iso`, `zh` (2024年3月5日) or strptime formats, tried in their order.

    Source: ISO 8601; C89 strptime.

    >>> Date(formats=("iso", "%d/%m/%Y")).wanted
    'a date as iso or %d/%m/%Y'
    """

    type: Literal["date"] = "date"
    formats: tuple[Annotated[str, AfterValidator(_format)], ...] = ("iso",)

    @property
    def ibis_type(self) -> str:
        """Date."""
        return "date"

    @property
    def wanted(self) -> str:
        """In words."""
        return f"a date as {' or '.join(self.formats)}"

    @property
    def forms(self) -> list[str]:
        """The formats, short names written out."""
        return list(dict.fromkeys(f for form in self.formats for f in SHORT.get(form, (form,))))

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The day; null for a text that no format reads."""
        del facts, parts
        if said.type().is_date() or said.type().is_timestamp():
            return said.cast("date")
        return functions()["try_strptime"](said.cast("string"), literal(self.forms, "array<string>")).date()

    def finish(self, read: Column) -> Column:
        """A day of the years 1000 to 2999; strptime reads 21 as the year 21."""
        return cases((read.year().between(1000, 2999), read), other=null("date"))
