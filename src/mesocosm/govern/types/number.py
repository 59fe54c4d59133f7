"""Numbers with thousands marks and units. Knows how to split a figure from its unit and convert it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from mesocosm.base.units import factor, known, parse_unit, spellings
from mesocosm.govern.clean.outliers import Outliers
from mesocosm.govern.expr import Column, cases, matched, null
from mesocosm.govern.types.field import Facts, FieldKind

FIGURE = r"^([-+]?)\s*([€$£¥]?)\s*((?:\d[\d.,' \x{00A0}\x{2009}]*)?[.,]?\d(?:[eE][-+]?\d+)?)\s*(.*)$"


def _unit(text: str) -> str:
    if not known(text):
        parse_unit(text)
    return text


class Number(FieldKind):
    """A number, with or without a unit.

    Args:
        unit: the unit the field is kept in; a value that names another is converted.
        decimal: the decimal mark; the other mark and spaces group thousands.
        outliers: how far values are fenced and acted on.

    Source: SI brochure (2019) 5.4; pint for conversions.

    >>> Number(unit="EUR/year").learn(["EUR/month"])["units"]["EUR/month"]
    12.0
    """

    type: Literal["number"] = "number"
    unit: Annotated[str, AfterValidator(_unit)] | None = None
    decimal: Literal[".", ","] = "."
    outliers: Outliers | None = None

    @property
    def ibis_type(self) -> str:
        """Double precision."""
        return "float64"

    @property
    def fence(self) -> Outliers | None:
        """How outliers are treated."""
        return self.outliers

    @property
    def wanted(self) -> str:
        """In words."""
        return "a number" + (f" in {self.unit}" if self.unit else "")

    def learn(self, spellings_seen: list[str]) -> Facts:
        """The factor of every spelling of a unit that converts to the field's."""
        if not self.unit:
            return {}
        known = spellings(self.unit)
        for said in spellings_seen:
            times = factor(said, self.unit)
            if times is not None:
                known[said] = times
        return {"units": {said: known[said] for said in sorted(known)}}

    def parts(self, said: Column) -> dict[str, Column]:
        """The figure as plain text, and the unit's text, empty where there is none."""
        if said.type().is_numeric():
            return {}
        group = "," if self.decimal == "." else "."
        figure = said.re_extract(FIGURE, 3).re_replace(r"[' \x{00A0}\x{2009}]", "")
        plain = figure.replace(group, "").replace(self.decimal, ".")
        return {
            "figure": (said.re_extract(FIGURE, 1) + plain).try_cast("float64"),
            "unit": said.re_extract(FIGURE, 2) + said.re_extract(FIGURE, 4).strip(),
        }

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The number in the field's unit; null for a text that is no number in a known unit."""
        if not parts:
            return said.cast("float64")
        times = matched(parts["unit"], {"": 1.0, **facts.get("units", {})}, "float64")
        return parts["figure"] * times

    def finish(self, read: Column) -> Column:
        """A finite number."""
        return cases((read.abs() <= 1.7e308, read), other=null("float64"))


class Integer(Number):
    """A whole number, with or without a unit; 3.0 is whole, 3.5 is not.

    Source: ISO 80000-2, integers.

    >>> Integer().wanted
    'a whole number'
    """

    type: Literal["integer"] = "integer"  # type: ignore[assignment]

    @property
    def ibis_type(self) -> str:
        """64-bit integer."""
        return "int64"

    @property
    def wanted(self) -> str:
        """In words."""
        return "a whole number" + (f" in {self.unit}" if self.unit else "")

    def finish(self, read: Column) -> Column:
        """A whole number that a double holds exactly."""
        fits = (read == read.round()) & (read.abs() < 9.0e15)
        return cases((fits, read), other=null("float64")).cast("int64")
