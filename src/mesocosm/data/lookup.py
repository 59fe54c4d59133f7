"""How a source that adds columns is joined: by which columns, how their keys are compared, and what
is aggregated where several of its rows have one key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.core.settings import Settings
from mesocosm.core.values.durations import Age, days

Match = Literal["case", "width", "accents", "spaces", "punctuation", "zeros"]
FUNCTIONS = ("count", "distinct", "sum", "mean", "min", "max")
UNITS = {"d": "days", "w": "weeks", "mo": "months", "y": "years"}
AGGREGATE = re.compile(rf"({'|'.join(FUNCTIONS)})(?:\(([^()]+)\))?")


@dataclass(frozen=True)
class Aggregate:
    """A function over the rows of one key.

    Args:
        function: of `FUNCTIONS`; `count` without a column counts rows.
    """

    function: str
    column: str = ""


def read_aggregate(text: str) -> Aggregate:
    """What `sum(amount)` means.

    Raises:
        ValueError: it is no function of a column.

    >>> read_aggregate("sum(amount)"), read_aggregate("count")
    (Aggregate(function='sum', column='amount'), Aggregate(function='count', column=''))
    """
    match = AGGREGATE.fullmatch(text.strip())
    if not match or (match[1] != "count" and not match[2]):
        raise ValueError(Message("config.no_aggregate", found=text[:60]))
    return Aggregate(match[1], (match[2] or "").strip())


def _check_aggregate(text: str) -> str:
    read_aggregate(text)
    return text


class Lookup(Settings):
    """How a source adds columns to the leading rows.

    Args:
        on: the column that both share.
        left_on: the column of the leading rows, where the names differ.
        right_on: the column of the source that adds columns.
        match: how keys are compared, besides outer spaces: `case` (upper and lower alike), `width`
            (full-width forms as ASCII), `accents` (off), `spaces` (none), `punctuation` (letters
            and digits only), `zeros` (leading ones off).
        aggregate: new columns, each a function over the rows of one key: `count`,
            `count(column)`, `distinct(column)`, `sum(column)`, `mean(column)`, `min(column)`,
            `max(column)`. Without it the first row of each key is joined.
        at: the leading rows' column of moments (ISO 8601): only rows of the source that are not
            after it are joined, the latest of them where nothing is aggregated. A row of the same
            moment is joined.
        time: the source's own column of moments.
        within: how long before a leading row's moment a row may be, as `90d`, `18mo` or `2y`;
            a row of exactly that age is not joined.
    """

    short: ClassVar[str] = "on"
    on: str | None = None
    left_on: str | None = None
    right_on: str | None = None
    match: tuple[Match, ...] = ()
    aggregate: dict[str, Annotated[str, AfterValidator(_check_aggregate)]] = {}
    at: str | None = None
    time: str | None = None
    within: Age | None = None

    @model_validator(mode="after")
    def _keys(self) -> Lookup:
        named = bool(self.left_on), bool(self.right_on)
        if any(named) and (not all(named) or self.on) or not any(named) and not self.on:
            raise ValueError(Message("config.lookup_keys"))
        if bool(self.at) != bool(self.time) or (self.within and not self.at):
            raise ValueError(Message("config.lookup_moments"))
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, write: SerializerFunctionWrapHandler) -> Json:
        """The column alone where nothing else is set, as earlier releases stored it."""
        written: dict[str, Json] = write(self)
        if self.on and self.partner.is_plain:
            return self.on
        return written

    @property
    def partner(self) -> Partner:
        """Its keys and aggregates."""
        return Partner(
            self.left_on or str(self.on),
            self.right_on or str(self.on),
            tuple(self.match),
            {name: read_aggregate(text) for name, text in self.aggregate.items()},
            Moments(self.at, self.time, self.within) if self.at and self.time else None,
        )


@dataclass(frozen=True)
class Moments:
    """Which rows of a source are joined in time: those not after a leading row's moment.

    Args:
        left: the leading rows' column of moments.
        right: the source's own.
        within: how long before, as `90d`; None without a bound.
    """

    left: str
    right: str
    within: str | None = None

    @property
    def interval(self) -> str:
        """The bound as an interval of SQL.

        >>> Moments("a", "b", "18mo").interval
        "interval '18 months'"
        """
        age = str(self.within).replace(" ", "")
        count = age.rstrip("dwmoy")
        if not count.isdecimal():
            return f"interval '{days(age) * 86_400:.0f} seconds'"
        return f"interval '{count} {UNITS[age[len(count) :]]}'"


@dataclass(frozen=True)
class Partner:
    """A source that adds columns to the leading rows.

    Args:
        left: the column of the leading rows that it is joined by.
        right: its own column.
        match: how keys are compared, besides outer spaces.
        aggregates: the columns that it adds, where they are functions over the rows of a key.
        moments: which rows are joined in time; None where all are.
    """

    left: str
    right: str
    match: tuple[Match, ...] = ()
    aggregates: Mapping[str, Aggregate] = field(default_factory=dict)
    moments: Moments | None = None

    @property
    def keys(self) -> str:
        """The columns that it is joined by, for people."""
        return self.left if self.left == self.right else f"{self.left} = {self.right}"

    @property
    def lead_columns(self) -> list[str]:
        """The columns of the leading rows that it is joined by."""
        return [self.left, *([self.moments.left] if self.moments else [])]

    @property
    def own_columns(self) -> list[str]:
        """The columns of its own that it is joined by, and those that are aggregated."""
        aggregated = [a.column for a in self.aggregates.values() if a.column]
        return [self.right, *([self.moments.right] if self.moments else []), *aggregated]

    @property
    def is_keyed(self) -> bool:
        """Whether its rows are put together for each key or each leading row."""
        return bool(self.aggregates) or self.moments is not None

    @property
    def is_plain(self) -> bool:
        """Whether it is joined by one shared column as it is written, the first row of a key."""
        plain = not self.match and not self.aggregates and self.moments is None
        return self.left == self.right and plain
