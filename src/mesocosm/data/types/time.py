"""Moments in several formats and time zones. Knows strptime's letters; keeps every moment in
UTC.
"""

from __future__ import annotations

from itertools import product
from typing import Annotated, Literal, Self

from pydantic import AfterValidator

from mesocosm.data.parsing.strptime import check_counts, check_format, parse_column
from mesocosm.data.pipeline.ibis_sql import Column, cases, functions, literal, null
from mesocosm.data.profiling.column_readings import filter_by_order
from mesocosm.data.types.date import expand_formats
from mesocosm.data.types.field import Facts, FieldKind

CLOCKS = (" %H:%M:%S", " %H:%M", "")


def with_clocks(day: str, marks: str) -> tuple[str, ...]:
    """A format of days with each mark and each clock.

    >>> with_clocks("%d{0}%m", ".")
    ('%d.%m %H:%M:%S', '%d.%m %H:%M', '%d.%m')
    """
    return tuple(day.format(mark) + clock for mark, clock in product(marks, CLOCKS))


SHORT = {
    "iso": (
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S.%f",
        "%Y-%m-%d %H:%M:%S.%f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d",
    ),
    "zh": (
        "%Y年%m月%d日 %H:%M:%S",
        "%Y年%m月%d日 %H时%M分%S秒",
        "%Y年%m月%d日 %H时%M分",
        "%Y年%m月%d日 %H:%M",
        "%Y年%m月%d日",
    ),
    "us": ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"),
    "eu": ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"),
    "dmy": with_clocks("%d{0}%m{0}%Y", "./-"),
    "mdy": with_clocks("%m{0}%d{0}%Y", "/-."),
    "ymd": with_clocks("%Y{0}%m{0}%d", "/-."),
}

OFFSET = r"\s*[+-](?:0\d|1[0-4])(?::?[0-5]\d)?$"


def _format(text: str) -> str:
    return check_format(text, SHORT, "%d/%m/%Y %H:%M")


def _zone(text: str) -> str:
    from zoneinfo import available_timezones

    if text not in available_timezones():
        raise ValueError("a time zone such as UTC, Europe/Berlin or Asia/Shanghai")
    return text


class Time(FieldKind):
    """A moment, written in any of several formats, kept in UTC.

    One column has one order of day and month: where `formats` has both, the column's values have to
    prove one, or the build stops. What a `date` refuses is refused here too: 24:00, a leap second,
    digits below a microsecond, week and ordinal dates, zones by name. A serial day of a spreadsheet
    is read to the millisecond, and to the second where its digits end within 5 ms of one.
    A Chinese clock is read with its word, as 下午3点05分; one whose hour stays open (晚上12点) is
    refused.

    Args:
        formats: `iso`, `zh`, `us`, `eu`, `dmy`, `mdy`, `ymd` (as a `date` has them, with a clock
            behind), `epoch`, `epoch_ms`, `epoch_us` or `epoch_ns` (counts since 1970 in UTC),
            `excel` (serial days of 1900), or strptime formats; tried in their order. A moment
            written as such may be followed by an offset.
        zone: the time zone of a moment that names no offset.
        dst: a clock time that the zone has twice (clocks go back) or never (they go forward):
            `refuse` it with the reason, or take the `earlier` or the `later` of the two moments in
            UTC that the offsets before and after the change give.

    Source: ISO 8601; IANA time zone database.

    >>> Time(zone="Asia/Shanghai").expected
    'a time as iso'
    """

    type: Literal["time"] = "time"
    formats: Annotated[
        tuple[Annotated[str, AfterValidator(_format)], ...], AfterValidator(check_counts)
    ] = ("iso",)
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    dst: Literal["refuse", "earlier", "later"] = "refuse"

    def _of(self, facts: Facts | None) -> Self:
        """The field with the formats that the column's proven order of day and month leaves."""
        order = (facts or {}).get("order")
        if not order:
            return self
        return self.model_copy(update={"formats": filter_by_order(self.formats, order)})

    @property
    def ibis_type(self) -> str:
        """Timestamp without zone, in UTC."""
        return "timestamp"

    @property
    def expected(self) -> str:
        """In words."""
        return f"a time as {' or '.join(self.formats)}"

    @property
    def forms(self) -> list[str]:
        """The formats, short names written out."""
        return expand_formats(self.formats, SHORT)

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The moment in UTC; null for a text that no format reads."""
        del parts
        call, mine = functions(), self._of(facts)
        if raw.type().is_date() or raw.type().is_timestamp():
            raw = raw.cast("timestamp")
            return self._in_zone(raw).coalesce(
                call["moment_of"](raw.cast("string"), literal(self._spec(("iso",)))).try_cast(
                    "timestamp"
                )
            )
        text = raw.cast("string").re_replace("[zZ]$", "+00:00")
        forms = [f.replace("%z", "").rstrip() for f in mine.forms]
        offset = [form + gap + "%z" for form, gap in product(forms, ("", " "))]
        if not forms:
            return call["moment_of"](text, literal(mine.spec)).try_cast("timestamp")
        local = parse_column(text, forms)
        plain = self._in_zone(
            cases((local.year() >= 1000, local), other=null("timestamp"))
        )  # 24 may be a year of two digits
        base = parse_column(text.re_replace(OFFSET, ""), forms)
        zoned = call["try_strptime_zoned"](text, literal(offset, "array<string>"))
        # with %z the engine rolls days over, so the text without its offset has to be a moment too
        strict = cases((base.notnull(), zoned), other=null("timestamp('UTC')"))
        return plain.coalesce(call["to_utc"](literal("UTC"), strict)).coalesce(
            call["moment_of"](text, literal(mine.spec)).try_cast("timestamp")
        )

    def _in_zone(self, local: Column) -> Column:
        """A moment of the zone in UTC; null within 25 hours of a change of its clocks, which the
        careful reader decides.
        """
        if self.zone == "UTC":
            return local
        import ibis

        call = functions()
        zone, utc, day = literal(self.zone), literal("UTC"), ibis.interval(hours=25)
        moment = call["to_utc"](utc, call["at_zone"](zone, local))
        steady = [
            call["to_utc"](zone, call["at_zone"](utc, moment + move)) == local + move
            for move in (ibis.interval(hours=0), day, -day)
        ]
        return cases((steady[0] & steady[1] & steady[2], moment), other=null("timestamp"))

    def _spec(self, formats: tuple[str, ...]) -> str:
        return "\n".join((self.zone, self.dst, *formats))

    @property
    def spec(self) -> str:
        """The zone, what a clock that changes does, and the formats as the careful reader takes
        them.
        """
        return self._spec(self.formats)

    def explain_refusal(self, raw: Column, facts: Facts) -> Column | None:
        """Why a text is no moment."""
        return functions()["why_no_moment"](raw, literal(self._of(facts).spec))

    def finish(self, read: Column) -> Column:
        """A moment of the years 1000 to 2999."""
        return cases((read.year().between(1000, 2999), read), other=null("timestamp"))
