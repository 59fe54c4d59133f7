"""Numbers with thousands marks and units. Knows how to split a figure from its unit and convert
it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.core.values.shown_units import show_unit
from mesocosm.core.values.units import (
    CURRENCIES,
    HAN,
    OFFSET_WORDS,
    find_factor,
    find_shift,
    is_common,
    list_amounts,
    list_spellings,
    parse_unit,
)
from mesocosm.data.cleaning.outliers import OutliersSetting
from mesocosm.data.cleaning.outliers.detector import OutlierDetector
from mesocosm.data.parsing.numbers import BETWEEN, is_own_unit
from mesocosm.data.pipeline.ibis_sql import Column, cases, functions, literal, map_values, null
from mesocosm.data.types.field import Facts, FieldKind

FIGURE = (
    r"^([-+]?)\s*([€$£¥]?)\s*((?:\d[\d.,' \x{00A0}\x{2009}]*)?[.,]?\d(?:[eE][-+]?\d+)?)\s*(.*?)$"
)


LEAD = r"^[-+]?\d+(?:\.\d+)?"
LEAD_COMMA = r"^[-+]?\d+(?:,\d+)?"
MORE = (  # what follows digits that is read with care: a mark, or a Chinese place or coin
    r"^(?:[十拾百佰千仟万萬亿億点點圆圓塊角毛多余几来]|[元块][\d零〇一-九壹-玖整正人钱錢]|"
    r"[\d.,'’ \x{00A0}\x{2007}\x{2009}\x{202F}]|[eE][-+]?\d|[-+–—±/*×~]|[²³½¼¾])"
)
GROUPED = r"^[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$"
WHOLE = r"^[-+]?\d+(?:\.0*)?$"
PART = r"^[-+]?\d+\.\d*[1-9]\d*$"
SMALL = r"^[^eE]*[1-9]"  # a figure that is not zero
DOUBLE_DIGITS = 15  # a text with no more characters has no more digits than a double holds
FEW_DIGITS = (  # at most 15 digits, then zeros, before an exponent
    r"^\s*[-+]?\d(?:[.,]?\d){0,14}[.,]?0*[eE]"
)
TWO_READINGS = r"^\s*[-+]?[1-9]\d{0,2}\.\d{3}\s*$"  # in a column that shows both decimal marks
EXACT = 9007199254740992.0  # whole numbers below it are whole in a double too

Worth = Annotated[float, Field(gt=0)]


def _unit(text: str) -> str:
    if not is_common(text):
        parse_unit(text)
    return text


class Rates(Settings):
    """Where exchange rates come from: a source with one row a currency, or a row a currency and
    day.

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


def _thirds(text: Column) -> Column:
    """Whether a point stands before the last three characters, so that it may group digits in
    threes.
    """
    return text.right(4).left(1) == "."


class Number(FieldKind):
    """A number, with or without a unit, read exactly or refused with its reason.

    A mark groups digits only where groups stand: threes (`1,234`), twos before the last three as in
    India (`12,34,567`), an apostrophe or a space in threes (`1'234`). Full-width and Arabic digits
    and the true minus (−) are read. A sign of currency or its ISO code stands before or after.
    Refused: ranges, `±`, fractions, `(5)` and `5-`, `<5`, an exponent with group marks, a number
    over 2^53 whose digits a double does not hold (`integer` or `decimal` hold it), one nearer to
    zero than a double can be.

    Chinese numerals are read too, those of finance as well (`壹佰贰拾叁元整`): `三千二百`,
    `1.5亿`, `12万3千`, `百分之五`, `三元五角`. Refused for their two readings: `一百五`, `1万5`,
    `3块5`, `三五`.

    `12 %` needs `unit: percent` and is then 12; a spreadsheet holds a cell that it shows as 12 % as
    0.12. A text after the number that does not convert to the unit is refused, and so are words of
    several sizes: ton, gallon, pint, cup, gr, m€, 尺, 盎司 (`spellings` settles them). Chinese
    units are those of the mainland: a 斤 is 500 g, a 两 50 g, a 里 500 m, a 亩 10000/15 m²; a 台斤
    is 600 g. A 度 is a degree or a kilowatt hour, as the field's unit is.

    Args:
        unit: the unit the field is kept in; a value that names another is converted, °F and K by
            their offset too.
        decimal: the decimal mark; the other mark groups. Not set: the mark that the column's values
            prove; a column whose values leave both readings open (only such as `1,234`) stops the
            build and asks.
        rates: how many of the field's unit (a currency) one of each other currency is worth, or the
            source that says so.
        spellings: texts that stand next to a number, each with how many of the field's unit it is.
        outliers: the outlier detector, and what is done with outliers.

    Source: SI brochure (2019) 5.4; pint for conversions; ISO 4217; IEEE 754 (double precision).

    >>> Number(unit="EUR/year").fit_units(["EUR/month"])["units"]["EUR/month"]
    12.0
    """

    type: Literal["number"] = "number"
    unit: Annotated[str, AfterValidator(_unit)] | None = None
    decimal: Literal[".", ","] | None = None
    rates: dict[str, Worth] | Rates = {}
    spellings: dict[str, float] = {}
    outliers: OutliersSetting | None = None

    @property
    def ibis_type(self) -> str:
        """Double precision."""
        return "float64"

    @property
    def outlier_detector(self) -> OutlierDetector | None:
        """How outliers are treated."""
        return self.outliers

    @property
    def expected(self) -> str:
        """In words."""
        return f"a number in {show_unit(self.unit)}" if self.unit else "a number"

    @model_validator(mode="after")
    def _money(self) -> Number:
        if self.rates and self.unit not in CURRENCIES:
            currencies = ", ".join(CURRENCIES)
            raise ValueError(Message("config.rates_with_currency", currencies=currencies))
        return self

    @property
    def kept_as(self) -> tuple[str, ...]:
        """What holds the number, as the reasons of refusals need it."""
        return (self.type,)

    def mark(self, facts: Facts) -> str:
        """The decimal mark: a point where the source's cells are numbers, else as set, as the
        column proved it, or a point; `mixed` where the column proved both.
        """
        proven = str(facts.get("decimal", "."))
        return "." if proven == "numbers" else self.decimal or proven

    def marks(self, facts: Facts) -> str:
        """The decimal mark, and the spellings that are units as a whole though they begin as a
        number continues: `万元` where the field is kept in it.
        """
        known = {"": 1.0, **facts.get("units", {}), **self.spellings}
        own = sorted(text for text in self.spellings if is_own_unit(text, known))
        return BETWEEN.join((self.mark(facts), *own))

    def fit_units(self, spellings_seen: list[str], rates: dict[str, float] | None = None) -> Facts:
        """The factor of every spelling of a unit that converts to the field's; `offsets` where a
        factor alone is not enough.
        """
        if not self.unit:
            return {}
        known = self._known_units(self.unit, rates or {})
        known |= _find_factors(spellings_seen, self.unit)
        shifted = _find_shifts({*OFFSET_WORDS, *spellings_seen}, self.unit)
        factors = {raw: times for raw, times in sorted(known.items()) if raw not in shifted}
        facts: Facts = {"units": factors}
        if shifted:
            facts["offsets"] = shifted
        return facts

    def _known_units(self, unit: str, rates: dict[str, float]) -> dict[str, float]:
        """The factor of every usual spelling that converts to a unit.

        Args:
            rates: of currencies, beside those that the field lists.
        """
        known = list_spellings(unit)
        if unit in CURRENCIES:
            own = self.rates if isinstance(self.rates, dict) else {}
            known |= list_amounts(unit, {**own, **rates})
        return known

    def parts(
        self, raw: Column, known: dict[str, Column], facts: Facts | None = None
    ) -> dict[str, Column]:
        """The number and the text beside it, by the cheapest way that reads it.

        A plain number is cast; digits with a unit behind are cut; only what is neither goes through
        the strict reader.
        """
        if raw.type().is_numeric() or "number" in known:
            return {}
        raw = raw.cast("string")  # of a date or a boolean, which are no numbers
        mark = self.mark(facts or {})
        if not known:
            return self._lead(raw, mark)
        if "rest" not in known:
            return {"rest": raw.substr(known["lead"].length()).lstrip()}
        if "odd" not in known:
            return {"odd": cases((_is_odd(known, mark), raw), other=null())}
        return self._figure_and_unit(known, mark, self.marks(facts or {}))

    def _lead(self, raw: Column, mark: str) -> dict[str, Column]:
        """The number where a cast reads it, else the digits that the text begins with."""
        fast = self._plain(raw, mark)
        lead = raw.re_extract(LEAD_COMMA if mark == "," else LEAD, 0)
        return {"fast": fast, "lead": cases((fast.isnull() & raw.notnull(), lead), other=null())}

    def _figure_and_unit(
        self, known: dict[str, Column], mark: str, marks: str
    ) -> dict[str, Column]:
        """The number and the text beside it, from the helper columns."""
        careful = functions()["figure_of"](known["odd"], literal(marks))
        lead = known["lead"]
        if mark == ".":
            careful = cases(
                (known["odd"].re_search(GROUPED), known["odd"].replace(",", "")), other=careful
            )
        elif mark == ",":
            lead = lead.replace(",", ".")
        beside = functions()["unit_of"](known["odd"], literal(marks))
        return {
            "number": cases(
                (known["fast"].notnull(), known["fast"]),
                (known["odd"].isnull(), lead.try_cast("float64")),
                other=careful.try_cast("float64"),
            ),
            "unit": cases(
                (known["fast"].notnull(), literal("")),
                (known["odd"].isnull(), known["rest"]),
                other=beside,
            ),
        }

    def _plain(self, raw: Column, mark: str) -> Column:
        """A text that is a plain number by a cast; an underscore is no digit, and `+-5` is `±5`."""
        text, odd = raw, raw.contains("_") | raw.contains("+-")
        if mark == ",":
            text, odd = raw.replace(",", "."), odd | raw.contains(".")
        number = text.try_cast("float64")
        if mark == "mixed":
            odd = odd | (_thirds(text) & (number.abs() >= 1.0) & (number.abs() < 1000.0))
        return cases((odd, null("float64")), other=number)

    def _digits(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The digits of a whole number as text, null for few digits before an exponent; `odd` where
        a part is not whole, or more digits stand before an exponent. Asked of great numbers
        only.
        """
        raw = raw.cast("string")
        lead = cases(
            (parts["fast"].notnull(), raw),
            (parts["odd"].isnull(), parts["lead"]),
            other=functions()["figure_of"](parts["odd"], literal(self.marks(facts))),
        )
        many = (lead.contains("e") | lead.contains("E")) & ~lead.re_search(FEW_DIGITS)
        return cases(
            (lead.re_search(WHOLE), lead),
            (lead.re_search(PART) | many, literal("odd")),
            other=null(),
        )

    def unit_of(self, raw: Column, facts: Facts) -> Column:
        """The text beside the figure, empty where there is none."""
        return functions()["unit_of"](raw, literal(self.marks(facts)))

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The number in the field's unit; null for a text that is no number in a known unit."""
        if not parts:
            return self._from_typed(raw)
        raw = raw.cast("string")
        number, digits = parts["number"], self._digits(raw, parts, facts)
        same = number.try_cast("decimal(38, 0)") == digits.try_cast("decimal(38, 0)")
        lost = (number == 0.0) & (raw.contains("e-") | raw.contains("E-"))
        held = cases(
            (lost & raw.re_search(SMALL), null("float64")),
            (number.abs() < EXACT, number),
            (digits.notnull() & ~same.fill_null(False), null("float64")),
            other=number,
        )
        return self._converted(held, parts["unit"], facts)

    def _converted(self, number: Column, unit: Column, facts: Facts) -> Column:
        """A number in the field's unit."""
        offsets = {**facts.get("offsets", {})}
        times = {"": 1.0, **HAN, **facts.get("units", {}), **self.spellings}
        plain = number * map_values(
            unit, {k: v for k, v in times.items() if k not in offsets}, "float64"
        )
        if not offsets:
            return plain
        moved = [
            (unit == raw, ((number + before) * scale + after).round(9))
            for raw, (before, scale, after) in sorted(offsets.items())
        ]
        return cases(*moved, other=plain)

    def _from_typed(self, raw: Column) -> Column:
        """A number of the source's own type; null where a double does not hold it."""
        number = raw.cast("float64")
        if raw.type().is_decimal():
            return cases((number.try_cast(str(raw.type())) == raw, number), other=null("float64"))
        if not raw.type().is_integer():
            return number
        return cases(
            (number.abs() < EXACT, number),
            (number.try_cast("decimal(38, 0)") == raw.cast("decimal(38, 0)"), number),
            other=null("float64"),
        )

    def finish(self, read: Column) -> Column:
        """A finite number."""
        return cases((read.abs() <= 1.7e308, read), other=null("float64"))

    def explain_refusal(self, raw: Column, facts: Facts) -> Column | None:
        """Why a text is no number."""
        known = BETWEEN.join(
            sorted({*HAN, *self.spellings, *facts.get("units", {}), *facts.get("offsets", {})})
        )
        return functions()["why_no_number"](
            raw.cast("string"),
            literal("\n".join((self.marks(facts), self.unit or "", known, *self.kept_as))),
        )


def _is_odd(known: dict[str, Column], mark: str) -> Column:
    """Whether a text is not digits with a unit behind, so that the strict reader has to look."""
    odd = (known["lead"] == "") | known["rest"].re_search(MORE)
    if mark == "mixed":
        odd = odd | _thirds(known["lead"])
    return odd


def _find_factors(spellings: Sequence[str], unit: str) -> dict[str, float]:
    """The factors of those spellings that convert to a unit by one."""
    found: dict[str, float] = {}
    for spelling in spellings:
        times = find_factor(spelling, unit)
        if times is not None:
            found[spelling] = times
    return found


def _find_shifts(spellings: Collection[str], unit: str) -> dict[str, Sequence[float]]:
    """The numbers before, times and after which of each spelling convert to a unit, where a factor
    alone does not.
    """
    shifted: dict[str, Sequence[float]] = {}
    for spelling in sorted(spellings):
        line = find_shift(spelling, unit)
        if line:
            shifted[spelling] = list(line)
    return shifted
