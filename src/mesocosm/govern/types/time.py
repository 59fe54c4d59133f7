"""Moments in several formats and time zones. Knows strptime's letters; keeps every moment in UTC."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from mesocosm.govern.expr import Column, cases, functions, literal, null
from mesocosm.govern.types.field import Facts, FieldKind

SHORT = {
    "iso": ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"),
    "zh": ("%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒", "%Y年%m月%d日 %H时%M分", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日"),
    "us": ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"),
    "eu": ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"),
}

OFFSET = r"\s*[+-](?:0\d|1[0-4])(?::?[0-5]\d)?$"


def _format(text: str) -> str:
    if text not in SHORT and "%" not in text:
        raise ValueError('iso, zh, us, eu, or a format such as "%d/%m/%Y %H:%M"')
    return text


def _zone(text: str) -> str:
    from zoneinfo import available_timezones

    if text not in available_timezones():
        raise ValueError("a time zone such as UTC, Europe/Berlin or Asia/Shanghai")
    return text


class Time(FieldKind):
    """A moment, written in any of several formats, kept in UTC.

    Args:
        formats: `iso`, `zh`, `us`, `eu` or strptime formats, tried in their order; each may be followed by an offset.
        zone: the time zone of a moment that names no offset.

    Source: ISO 8601; IANA time zone database.

    >>> Time(zone="Asia/Shanghai").wanted
    'a time as iso'
    """

    type: Literal["time"] = "time"
    formats: tuple[Annotated[str, AfterValidator(_format)], ...] = ("iso",)
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"

    @property
    def ibis_type(self) -> str:
        """Timestamp without zone, in UTC."""
        return "timestamp"

    @property
    def wanted(self) -> str:
        """In words."""
        return f"a time as {' or '.join(self.formats)}"

    @property
    def forms(self) -> list[str]:
        """The formats, short names written out."""
        return list(dict.fromkeys(f for form in self.formats for f in SHORT.get(form, (form,))))

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The moment in UTC; null for a text that no format reads."""
        del facts, parts
        call = functions()
        if said.type().is_date() or said.type().is_timestamp():
            return call["to_utc"](literal("UTC"), call["at_zone"](literal(self.zone), said.cast("timestamp")))
        text = said.cast("string").re_replace("[zZ]$", "+00:00")
        forms = self.forms
        forms = [f.replace("%z", "").rstrip() for f in forms]
        offset = [f + gap + "%z" for f in forms for gap in ("", " ")]
        plain = call["at_zone"](literal(self.zone), call["try_strptime"](text, literal(forms, "array<string>")))
        base = call["try_strptime"](text.re_replace(OFFSET, ""), literal(forms, "array<string>"))
        zoned = call["try_strptime_zoned"](text, literal(offset, "array<string>"))
        # with %z the engine rolls days over, so the text without its offset has to be a moment too
        strict = cases((base.notnull(), zoned), other=null("timestamp('UTC')"))
        return call["to_utc"](literal("UTC"), plain.coalesce(strict)).coalesce(call["moment_of"](text, literal(self.spec)).try_cast("timestamp"))

    @property
    def spec(self) -> str:
        """The zone and the formats as the careful reader takes them."""
        return "\n".join((self.zone, "refuse", *self.formats))

    def because(self, said: Column, facts: Facts) -> Column | None:
        """Why a text is no moment."""
        del facts
        return functions()["why_no_moment"](said, literal(self.spec))

    def finish(self, read: Column) -> Column:
        """A moment of the years 1000 to 2999."""
        return cases((read.year().between(1000, 2999), read), other=null("timestamp"))
