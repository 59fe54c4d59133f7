"""Numbers with thousands marks and units. Knows how to split a figure from its unit and convert it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mesocosm.base.kinds import Kind
from mesocosm.base.units import CURRENCIES, HAN, factor, known, money, parse_unit, spellings
from mesocosm.govern.clean.outliers import OutliersSetting
from mesocosm.govern.clean.outliers.fence import Fence
from mesocosm.govern.expr import GROUPS, Column, cases, functions, literal, matched, null
from mesocosm.govern.types.field import Facts, FieldKind

FIGURE = r"^([-+]?)\s*([€$£¥]?)\s*((?:\d[\d.,' \x{00A0}\x{2009}]*)?[.,]?\d(?:[eE][-+]?\d+)?)\s*(.*?)$"


LEAD = r"^[-+]?\d+(?:\.\d+)?"
MORE = r"^(?:[\d.,' \x{00A0}\x{2009}]|[eE][-+]?\d)"


Worth = Annotated[float, Field(gt=0)]


def _unit(text: str) -> str:
    if not known(text):
        parse_unit(text)
    return text


class Rates(Kind):
    """Where exchange rates come from: a source with one row a currency, or a row a currency and day.

    Args:
        from: the source.
        currency: its column of currencies, as ISO 4217 names them.
        rate: its column of rates: how many of the field's unit one of the currency is worth.
        day: its column of days, where it has several rates of a currency; the newest counts.

    Source: ISO 4217.

    >>> Rates.model_validate({"from": "fx"}).rate
    'rate'
    """

    source: str = Field(alias="from")
    currency: str = "currency"
    rate: str = "rate"
    day: str | None = None


class Number(FieldKind):
    """A number, with or without a unit.

    Args:
        unit: the unit the field is kept in; a value that names another is converted.
        decimal: the decimal mark; the other mark and spaces group thousands.
        rates: how many of the field's unit (a currency) one of each other currency is worth, or the source that says so.
        spellings: texts that stand beside a figure, each with how many of the field's unit it is.
        outliers: how far values are fenced and acted on.

    Source: SI brochure (2019) 5.4; pint for conversions.

    >>> Number(unit="EUR/year").learn(["EUR/month"])["units"]["EUR/month"]
    12.0
    """

    type: Literal["number"] = "number"
    unit: Annotated[str, AfterValidator(_unit)] | None = None
    decimal: Literal[".", ","] = "."
    rates: dict[str, Worth] | Rates = {}
    spellings: dict[str, float] = {}
    outliers: OutliersSetting | None = None

    @property
    def ibis_type(self) -> str:
        """Double precision."""
        return "float64"

    @property
    def fence(self) -> Fence | None:
        """How outliers are treated."""
        return self.outliers

    @property
    def wanted(self) -> str:
        """In words."""
        return "a number" + (f" in {self.unit}" if self.unit else "")

    @model_validator(mode="after")
    def _money(self) -> Number:
        if self.rates and self.unit not in CURRENCIES:
            raise ValueError(f"'rates' beside a 'unit' that is a currency: {', '.join(CURRENCIES)}")
        return self

    def learn(self, spellings_seen: list[str], rates: dict[str, float] | None = None) -> Facts:
        """The factor of every spelling of a unit that converts to the field's."""
        if not self.unit:
            return {}
        known = spellings(self.unit)
        if self.unit in CURRENCIES:
            known |= money(self.unit, {**(self.rates if isinstance(self.rates, dict) else {}), **(rates or {})})
        for said in spellings_seen:
            times = factor(said, self.unit)
            if times is not None:
                known[said] = times
        return {"units": {said: known[said] for said in sorted(known)}}

    def parts(self, said: Column, known: dict[str, Column]) -> dict[str, Column]:
        """The number and the text beside it, by the cheapest way that reads it.

        A plain number is cast; digits with a unit behind are cut; only what is neither (thousands
        marks, signs of currency, a decimal comma) goes through the regular expression.
        """
        if said.type().is_numeric() or "number" in known:
            return {}
        if not known:
            fast = said.try_cast("float64") if self.decimal == "." else null("float64")
            lead = said.re_extract(LEAD, 0) if self.decimal == "." else literal("")
            return {"fast": fast, "lead": cases((fast.isnull() & said.notnull(), lead), other=null())}
        if "rest" not in known:
            return {"rest": said.substr(known["lead"].length()).lstrip()}
        if "cut" not in known:
            odd = (known["lead"] == "") | known["rest"].re_search(MORE)
            cut = functions()["groups"](said, literal(FIGURE), literal(["sign", "mark", "figure", "rest"], "array<string>"))
            return {"cut": cases((odd, cut), other=null(GROUPS))}
        cut, group = known["cut"], "," if self.decimal == "." else "\\."
        figure = cut["figure"].re_replace(r"[' \x{00A0}\x{2009}" + group + "]", "").replace(self.decimal, ".")
        hard = (cut["sign"] + figure).try_cast("float64")
        return {
            "number": cases((known["fast"].notnull(), known["fast"]), (cut.isnull(), known["lead"].try_cast("float64")), other=hard),
            "unit": cases((known["fast"].notnull(), literal("")), (cut.isnull(), known["rest"]), other=cut["mark"] + cut["rest"]),
        }

    def unit_of(self, said: Column) -> Column:
        """The text beside the figure, empty where there is none."""
        cut = functions()["groups"](said, literal(FIGURE), literal(["sign", "mark", "figure", "rest"], "array<string>"))
        return cut["mark"] + cut["rest"].strip()

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The number in the field's unit; null for a text that is no number in a known unit."""
        if not parts:
            return said.cast("float64")
        return parts["number"] * matched(parts["unit"], {"": 1.0, **HAN, **facts.get("units", {}), **self.spellings}, "float64")

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
        small = cases((read.abs() < 9.0e15, read), other=null("float64"))  # a greater one is not even asked whether it is whole
        return cases((small == small.round(), small), other=null("float64")).cast("int64")
