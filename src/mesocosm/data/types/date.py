"""Dates in several formats. Knows strptime's letters; tries the formats in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator

from mesocosm.data.parsing.strptime import check_counts, check_format, parse_column
from mesocosm.data.parsing.timestamps import COUNTED
from mesocosm.data.pipeline.ibis_sql import Column, cases, functions, literal, null
from mesocosm.data.profiling.column_readings import filter_by_order
from mesocosm.data.types.field import Facts, FieldKind

SHORT = {
    "iso": ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"),
    "zh": ("%Y年%m月%d日", "%Y年%m月%d号", "%Y/%m/%d", "%Y.%m.%d"),
    "dmy": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    "mdy": ("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y"),
    "ymd": ("%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d"),
}


def _format(text: str) -> str:
    return check_format(text, SHORT, "%d/%m/%Y")


def expand_formats(formats: Iterable[str], short: Mapping[str, tuple[str, ...]]) -> list[str]:
    """strptime formats, short names written out, each once; counts since a day have none.

    >>> expand_formats(["ymd", "%d.%m.%Y", "epoch"], {"ymd": ("%Y/%m/%d",)})
    ['%Y/%m/%d', '%d.%m.%Y']
    """
    found: dict[str, None] = {}
    for name in formats:
        if name not in COUNTED:
            found |= dict.fromkeys(short.get(name, (name,)))
    return list(found)


class Date(FieldKind):
    """A day, written in any of several formats, strict by the calendar: there is no 30 February.

    The day is the one written; an offset behind its clock does not make it another. Two digits of a
    year are 1969 to 2068. Years are 1000 to 2999. Refused with the reason: 24:00, a leap second,
    digits below a microsecond, ISO week dates (`2026-W10-4`), ordinal dates (`2026-065`), months
    without a day, years of a Japanese era, zones by name. A format without marks, as `%Y%m%d`,
    reads texts of its full width only. `zh` reads 二〇二六年三月五日, a year of the Republic
    (民国115年) and a weekday that is right; it refuses days of the lunar calendar.

    One column has one order of day and month: where `formats` has both, the column's values have to
    prove one, or the build stops.

    Args:
        formats: `iso` (also 20240305), `zh` (2024年3月5日), `dmy`, `mdy` or `ymd` (any separator,
            years of two digits, names of months in English, German, French and more), `epoch`,
            `epoch_ms`, `epoch_us` or `epoch_ns` (counts since 1970; one of them), `excel` (serial
            days since 1900; those since 1904 are not known), or strptime formats; tried in their
            order.

    Source: ISO 8601; C89 strptime.

    >>> Date(formats=("iso", "%d/%m/%Y")).expected
    'a date as iso or %d/%m/%Y'
    """

    type: Literal["date"] = "date"
    formats: Annotated[
        tuple[Annotated[str, AfterValidator(_format)], ...], AfterValidator(check_counts)
    ] = ("iso",)

    def _of(self, facts: Facts | None) -> Self:
        """The field with the formats that the column's proven order of day and month leaves."""
        order = (facts or {}).get("order")
        if not order:
            return self
        return self.model_copy(update={"formats": filter_by_order(self.formats, order)})

    @property
    def ibis_type(self) -> str:
        """Date."""
        return "date"

    @property
    def expected(self) -> str:
        """In words."""
        return f"a date as {' or '.join(self.formats)}"

    @property
    def forms(self) -> list[str]:
        """The formats, short names written out."""
        # one %z makes the engine roll days over
        return [form for form in expand_formats(self.formats, SHORT) if "%z" not in form]

    @property
    def spec(self) -> str:
        """The formats as the careful reader takes them."""
        return "\n".join(self.formats)

    def parts(
        self, raw: Column, known: dict[str, Column], facts: Facts | None = None
    ) -> dict[str, Column]:
        """The day by the plain formats."""
        forms = self._of(facts).forms
        if known or not raw.type().is_string() or not forms:
            return {}
        day = parse_column(raw, forms).date()
        return {
            "plain": cases((day.year() >= 1000, day), other=null("date"))
        }  # 24 may be a year of two digits

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The day; null for a text that no format reads."""
        spec = literal(self._of(facts).spec)
        if raw.type().is_date() or raw.type().is_timestamp():
            return raw.cast("date")
        text = raw.cast("string")
        if "plain" not in parts:
            return functions()["day_of"](text, spec).try_cast("date")
        careful = functions()["day_of"](cases((parts["plain"].isnull(), text), other=null()), spec)
        return cases((parts["plain"].notnull(), parts["plain"]), other=careful.try_cast("date"))

    def finish(self, read: Column) -> Column:
        """A day of the years 1000 to 2999; strptime reads 21 as the year 21."""
        return cases((read.year().between(1000, 2999), read), other=null("date"))

    def explain_refusal(self, raw: Column, facts: Facts) -> Column | None:
        """Why a text is no day."""
        return functions()["why_no_day"](raw, literal(self._of(facts).spec))
