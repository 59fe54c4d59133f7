"""Whole numbers of 64 bits, exact, with or without a unit."""

from __future__ import annotations

from typing import Literal

from mesocosm.core.values.shown_units import show_unit
from mesocosm.data.pipeline.ibis_sql import Column, cases, null
from mesocosm.data.types.field import Facts
from mesocosm.data.types.number import (
    DOUBLE_DIGITS,
    EXACT,
    FEW_DIGITS,
    SMALL,
    Number,
)

# how far, in parts of a number, rounding takes the product of a figure and a factor
ROUNDED = 4.5e-16


class Integer(Number):
    """A whole number of 64 bits, exact, with or without a unit; 3.0 is whole, 3.5 is not. Digits
    are read as by `number`.

    Source: ISO 80000-2, integers.

    >>> Integer().expected
    'a whole number'
    """

    type: Literal["integer"] = "integer"  # type: ignore[assignment]

    @property
    def ibis_type(self) -> str:
        """64-bit integer."""
        return "int64"

    @property
    def expected(self) -> str:
        """In words."""
        return f"a whole number in {show_unit(self.unit)}" if self.unit else "a whole number"

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The whole number; null where it is not whole or has more than 64 bits."""
        if not parts:
            return self._from_typed_whole(raw)
        raw = raw.cast("string")
        number = self._converted(parts["number"], parts["unit"], facts)
        small = _below_exact(number)
        bare = parts["unit"] == ""
        great = self._digits(raw, parts, facts).try_cast("int64")
        power = raw.contains("e") | raw.contains("E")
        # a double may have lost digits
        long = (power | raw.contains(".") | raw.contains(",")) & (raw.length() > DOUBLE_DIGITS)
        lost = (number == 0.0) & (raw.contains("e-") | raw.contains("E-"))
        near = cases(
            ((small - small.round()).abs() <= ROUNDED * small.abs(), small.round()),
            other=null("float64"),
        ).cast("int64")
        return cases(
            (bare & lost & raw.re_search(SMALL), null("int64")),
            (bare & long & power & raw.re_search(FEW_DIGITS), _if_whole(small)),
            (bare & ((number.abs() >= EXACT) | long), great),
            (bare, _if_whole(small)),
            (long, null("int64")),
            other=near,
        )

    def _from_typed_whole(self, raw: Column) -> Column:
        """A whole number of the source's own type."""
        if raw.type().is_integer():
            return raw.try_cast("int64")
        if raw.type().is_decimal():
            rounded = cases((raw == raw.round(), raw), other=null(str(raw.type())))
            return rounded.try_cast("int64")
        return _if_whole(_below_exact(self._from_typed(raw)))

    def finish(self, read: Column) -> Column:
        """As read."""
        return read


def _below_exact(number: Column) -> Column:
    """A number under 2^53; a greater one need not be tested for being an integer."""
    return cases((number.abs() < EXACT, number), other=null("float64"))


def _if_whole(number: Column) -> Column:
    """A number as an integer, null where it is none."""
    return cases((number == number.round(), number), other=null("float64")).cast("int64")
