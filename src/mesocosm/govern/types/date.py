"""Dates in several formats. Knows strptime's letters; tries the formats in their order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from mesocosm.govern.expr import Column, cases, first_of, functions, literal, null
from mesocosm.govern.types.field import Facts, FieldKind

ISO = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")


def _format(text: str) -> str:
    if text != "iso" and "%" not in text:
        raise ValueError('iso, or a format such as "%d/%m/%Y"')
    return text


class Date(FieldKind):
    """A day, written in any of several formats.

    Args:
        formats: `iso` or strptime formats, tried in their order.

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

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The day; null for a text that no format reads."""
        del facts, parts
        if said.type().is_date() or said.type().is_timestamp():
            return said.cast("date")
        forms = [f for form in self.formats for f in (ISO if form == "iso" else (form,))]
        text = said.cast("string")
        return first_of([functions()["try_strptime"](text, literal(f)).date() for f in forms])

    def finish(self, read: Column) -> Column:
        """A day of the years 1000 to 2999; strptime reads 21 as the year 21."""
        return cases((read.year().between(1000, 2999), read), other=null("date"))
