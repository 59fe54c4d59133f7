"""Exact decimals, as money needs them: no double stands between the text and what is kept."""

from __future__ import annotations

from decimal import Decimal as Exact
from typing import Literal, Self

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.values.shown_units import show_unit
from mesocosm.data.parsing.numbers import BETWEEN, Figure, explain_misfit, read_figure
from mesocosm.data.pipeline.ibis_sql import Column, cases, functions, literal, null
from mesocosm.data.types.field import Facts
from mesocosm.data.types.number import TWO_READINGS, Number

TIMES = "\x1e"  # between a unit and how many of the field's unit it is


class Decimal(Number):
    """A decimal of fixed precision, exact to its last digit, as money needs it: 0.10 and 0.20 make
    0.30.

    Texts are read as by `number`, without an exponent. A value with more decimal places than
    `scale` is refused, never rounded; so is one with more digits than `precision` holds. The rows
    of a dataset show it as an exact text. A model takes it as a double.

    Args:
        precision: how many digits it has in all, at most 38.
        scale: how many of them stand behind the decimal mark.
        unit: the unit or currency the field is kept in; a value in another is converted where the
            result is exact within `scale`.

    Source: ISO/IEC 9075 (SQL), DECIMAL; https://duckdb.org/docs/stable/sql/data_types/numeric

    >>> Decimal(scale=2).expected, Decimal(precision=10, scale=4).ibis_type
    ('a decimal with at most 2 places', 'decimal(10, 4)')
    """

    type: Literal["decimal"] = "decimal"  # type: ignore[assignment]
    precision: int = Field(18, ge=1, le=38)
    scale: int = Field(2, ge=0, le=37)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.scale > self.precision:
            raise ValueError(Message("config.scale_at_most_precision"))
        if self.outliers or self.rates:
            setting = "outliers" if self.outliers else "rates"
            raise ValueError(Message("config.inexact_decimal", setting=setting))
        return self

    @property
    def ibis_type(self) -> str:
        """Decimal of the precision and scale."""
        return f"decimal({self.precision}, {self.scale})"

    @property
    def expected(self) -> str:
        """In words."""
        places = "place" if self.scale == 1 else "places"
        wanted = f"a decimal with at most {self.scale} {places}"
        return f"{wanted} in {show_unit(self.unit)}" if self.unit else wanted

    @property
    def kept_as(self) -> tuple[str, ...]:
        """Its name, precision and scale."""
        return ("decimal", str(self.precision), str(self.scale))

    def parts(
        self, raw: Column, known: dict[str, Column], facts: Facts | None = None
    ) -> dict[str, Column]:
        """None: what is not plain goes through the exact reader."""
        del raw, known, facts
        return {}

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The decimal; null for a text that is none, or that it does not hold."""
        del parts
        kind = raw.type()
        if kind.is_integer():
            return raw.try_cast(self.ibis_type)
        if kind.is_decimal():
            found = raw.try_cast(self.ibis_type)
            return cases((found.cast(str(kind)) == raw, found), other=null(self.ibis_type))
        return self._read_text(raw, facts)

    def _read_text(self, raw: Column, facts: Facts) -> Column:
        """The decimal of a text: by a cast where its form is plain, else by the exact reader."""
        text, mark = raw.cast("string"), self.mark(facts)
        sure = text.re_search(self._plain_pattern(mark))
        if mark == "mixed":
            sure = sure & ~text.re_search(TWO_READINGS)
        fast = cases((sure, text), other=null())
        if mark == ",":
            fast = fast.replace(",", ".")
        careful = functions()["decimal_of"](
            cases((fast.isnull(), text), other=null()), literal(self._spec(facts))
        )
        return fast.coalesce(careful).try_cast(self.ibis_type)

    def _plain_pattern(self, mark: str) -> str:
        """A regular expression of texts that are decimals of the field by their form."""
        whole, point = self.precision - self.scale, "," if mark == "," else r"\."
        if not whole:
            return r"^$"
        if not self.scale:
            return rf"^-?\d{{1,{whole}}}$"
        return rf"^-?\d{{1,{whole}}}(?:{point}\d{{1,{self.scale}}})?$"

    def _spec(self, facts: Facts) -> str:
        times = {**facts.get("units", {}), **self.spellings}
        return "\n".join(
            (
                self.marks(facts),
                str(self.precision),
                str(self.scale),
                BETWEEN.join(f"{raw}{TIMES}{many!r}" for raw, many in sorted(times.items())),
            )
        )

    def finish(self, read: Column) -> Column:
        """As read."""
        return read


def decimal_of(raw: str, spec: str) -> str | None:
    """A text as a plain decimal text for SQL, None where it is none or is not held exactly.

    Args:
        spec: in lines the marks as `read_figure` takes them, the precision, the scale, and the
            units with how many of the field's they are.

    >>> decimal_of("1,234.50", ".\\n18\\n2\\n")
    '1234.50'
    >>> print(decimal_of("1.005", ".\\n18\\n2\\n"))
    None
    >>> print(decimal_of("1e3", ".\\n18\\n2\\n"))
    None
    """
    marks, precision, scale, units = spec.split("\n", 3)
    read = read_figure(raw, marks)
    if not isinstance(read, Figure) or "e" in read.number.lower():
        return None
    times = _split_units(units)
    if read.unit and read.unit not in times:
        return None
    exact = Exact(read.number)
    if read.unit:
        exact = _convert(exact, times[read.unit])
    if explain_misfit(exact, int(precision), int(scale)):
        return None
    return f"{exact:f}"


def _split_units(units: str) -> dict[str, str]:
    """How many of the field's unit each of some units is, as `_spec` writes them."""
    return dict(unit.split(TIMES, 1) for unit in units.split(BETWEEN) if unit)


def _convert(number: Exact, times: str) -> Exact:
    """A number in another unit, with all its digits.

    Args:
        times: how many of that unit one of the number's is.
    """
    from decimal import Context

    if times in ("1", "1.0"):
        return number
    return Context(prec=80).multiply(number, Exact(times))
