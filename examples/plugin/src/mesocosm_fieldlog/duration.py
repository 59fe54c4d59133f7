"""A span of time as people write it, in seconds."""

from __future__ import annotations

from typing import ClassVar, Literal

from mesocosm.plugins import Column, Facts, FieldKind, cases, literal, null

FIGURE = r"(\d+(?:\.\d+)?)\s*"
SECONDS = {  # what stands behind a figure, as a pattern, with its seconds
    r"d": 86400.0,
    r"h": 3600.0,
    r"m(?:in)?(?:[^a-z]|$)": 60.0,
    r"s": 1.0,
    r"ms": 0.001,
}
DURATION = r"^(?:\d+(?:\.\d+)?\s*(?:d|h|min|ms|m|s)\s*)+$"


class Duration(FieldKind):
    """A duration such as `1h 30m`, `90 min` or `2.5s`, kept in seconds; a number without a unit is
    seconds too. Each unit is named once.

    Source: ISO 80000-3, time.

    >>> Duration().expected
    'a duration such as 1h 30m'
    """

    mesocosm_contract: ClassVar[int] = 1
    acts_as: ClassVar[str] = "number"
    type: Literal["duration"] = "duration"

    @property
    def ibis_type(self) -> str:
        """Double precision."""
        return "float64"

    @property
    def expected(self) -> str:
        """In words."""
        return "a duration such as 1h 30m"

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The seconds; null for a text that is no duration."""
        if raw.type().is_numeric():
            return raw.cast("float64")
        text = raw.cast("string").lower()
        total = literal(0.0)
        for unit, seconds in SECONDS.items():
            figure = text.re_extract(FIGURE + unit, 1).try_cast("float64")
            total = total + figure.fill_null(0.0) * seconds
        bare = text.try_cast("float64")
        return cases(
            (text.re_search(DURATION), total),
            (bare >= 0.0, bare),
            other=null("float64"),
        )
