"""A contract with a source: what it promises to hold, checked before anything is made of it.

Knows one table of a source and SQL aggregates. Changes nothing; a broken promise is a sentence.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.core.values.durations import Duration, seconds
from mesocosm.data.pipeline.internal_names import PLACE_COLUMNS
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import (
    count_rows,
    list_columns,
    read_counts,
    read_value,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Form = Literal["text", "number", "integer", "date", "boolean"]
Share = Annotated[float, Field(ge=0, le=1)]
TESTS = {
    "number": "try_cast({x} as double) is null",
    "integer": "coalesce(try_cast({x} as double) <> round(try_cast({x} as double)), true)",
    "date": (
        "coalesce(try_cast({x} as date)::varchar, try_strptime({x}, ['%d/%m/%Y', '%d.%m.%Y',"
        " '%Y/%m/%d', '%Y年%m月%d日'])::varchar) is null"
    ),
    "boolean": (
        "lower({x}) not in ('true', 'false', 'yes', 'no', 'y', 'n', 't', 'f', '1', '0', '是', '否')"
    ),
}
FEW_BAD = 0.01


class Fresh(Settings):
    """How old the newest row may be.

    Args:
        by: the column with the day or time.
        within: the greatest age, as `2d`.
    """

    by: str
    within: Duration


class Contract(Settings):
    """What a source promises; `plan` and `build` stop at a promise that is broken.

    Args:
        columns: columns that must be there: a list, or a map of each to its form. Of a column's
            values at most 1 % may have another form.
        closed: whether columns not named break the promise.
        unique: columns whose values never come twice.
        missing: the greatest share of missing values of a column.
        min: the fewest rows.
        max: the most rows.
        fresh: how old the newest row may be.
        owner: whom to ask when it breaks.

    Source: Bitol Open Data Contract Standard 3.0 (schema, quality, service levels).

    >>> Contract(columns=["id"]).columns
    {'id': 'text'}
    """

    columns: dict[str, Form] = {}
    closed: bool = False
    unique: tuple[str, ...] = ()
    missing: dict[str, Share] = {}
    min: int = Field(0, ge=0)
    max: int | None = Field(None, ge=1)
    fresh: Fresh | None = None
    owner: str = ""

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        columns = value.get("columns")
        if not isinstance(columns, (list, tuple)):
            return value
        return {**value, "columns": dict.fromkeys(columns, "text")}


def find_broken(
    contract: Contract, con: DuckDBPyConnection, table: str, now: float | None = None
) -> list[ConfigValueError]:
    """The promises a table of a source breaks, each a sentence; values are never shown.

    Args:
        now: seconds since 1970.
    """
    columns = [name for name in list_columns(con, quote(table)) if name not in PLACE_COLUMNS]
    rows = count_rows(con, quote(table))
    promised = _Promised(contract, con, quote(table), columns, rows)
    return [
        *promised.check_columns(),
        *promised.check_rows(),
        *promised.check_forms(),
        *promised.check_unique(),
        *promised.check_missing(),
        *promised.check_age(time.time() if now is None else now),
    ]


def _wrong(
    setting: str, what: Message, expected: Message, choices: Sequence[str] = (), value: str = ""
) -> ConfigValueError:
    return ConfigValueError(
        f"contract.{setting}", Message("data.contract_broken", what=what), expected, choices, value
    )


@dataclass(frozen=True)
class _Promised:
    """A contract beside the table that was given.

    Args:
        table: its name in SQL.
        columns: its columns.
        rows: how many rows it has.
    """

    contract: Contract
    con: DuckDBPyConnection
    table: str
    columns: list[str]
    rows: int

    def _count(self, expressions: str) -> list[int]:
        """The whole numbers that some aggregates of the table are."""
        return read_counts(self.con, f"select {expressions} from {self.table}")

    def check_columns(self) -> Iterator[ConfigValueError]:
        """Columns that are absent, and with `closed` those that were not promised."""
        yield from self._check_absent()
        if self.contract.closed:
            yield from self._check_new()

    def _check_absent(self) -> Iterator[ConfigValueError]:
        contract = self.contract
        named = [*contract.columns, *contract.unique, *contract.missing]
        if contract.fresh:
            named.append(contract.fresh.by)
        for name in dict.fromkeys(named):
            if name not in self.columns:
                yield _wrong(
                    "columns",
                    Message("data.contract_column_missing", name=name),
                    Message("data.contract_column", name=name),
                    self.columns,
                    name,
                )

    def _check_new(self) -> Iterator[ConfigValueError]:
        promised = list(self.contract.columns)
        for name in self.columns:
            if name not in promised:
                yield _wrong(
                    "closed",
                    Message("data.contract_column_new", name=name),
                    Message("data.contract_columns_only"),
                    promised,
                    name,
                )

    def check_rows(self) -> Iterator[ConfigValueError]:
        """Too few or too many rows."""
        least, most = self.contract.min, self.contract.max
        expected = Message("data.contract_rows_least", least=least)
        if most is not None:
            expected = Message("data.contract_rows_between", least=least, most=most)
        what = Message("data.contract_rows_given", rows=self.rows)
        if self.rows < least:
            yield _wrong("min", what, expected)
        elif most is not None and self.rows > most:
            yield _wrong("max", what, expected)

    def check_forms(self) -> Iterator[ConfigValueError]:
        """Columns of which more than 1 % of the values have another form."""
        for name, form in self.contract.columns.items():
            if name not in self.columns or form not in TESTS:
                continue
            x = f"trim({quote(name)}::varchar)"
            there, bad = self._count(
                f"count(*) filter ({x} <> ''), count(*) filter ({x} <> '' and"
                f" {TESTS[form].format(x=x)})"
            )
            if bad > FEW_BAD * there:
                yield _wrong(
                    f"columns.{name}",
                    Message(
                        "data.contract_not_of_type", bad=bad, values=there, name=name, type=form
                    ),
                    Message("data.contract_of_type", type=form),
                )

    def check_unique(self) -> Iterator[ConfigValueError]:
        """Values that come twice."""
        for name in self.contract.unique:
            if name not in self.columns:
                continue
            there, distinct = self._count(f"count({quote(name)}), count(distinct {quote(name)})")
            if there != distinct:
                yield _wrong(
                    "unique",
                    Message("data.contract_duplicates", values=there - distinct, name=name),
                    Message("data.contract_unique", name=name),
                )

    def check_missing(self) -> Iterator[ConfigValueError]:
        """Columns of which too many values are missing."""
        for name, most in self.contract.missing.items():
            if name not in self.columns or not self.rows:
                continue
            blank = f"coalesce(trim({quote(name)}::varchar), '') = ''"
            (missing,) = self._count(f"count(*) filter ({blank})")
            if missing > most * self.rows:
                yield _wrong(
                    f"missing.{name}",
                    Message("data.contract_share_missing", share=missing / self.rows, name=name),
                    Message("data.contract_share_most", most=most),
                )

    def check_age(self, now: float) -> Iterator[ConfigValueError]:
        """A newest row that is too old, or none that has a day."""
        fresh = self.contract.fresh
        if not fresh or fresh.by not in self.columns:
            return
        latest = f"epoch(max(try_cast({quote(fresh.by)} as timestamp)))"
        newest = read_value(self.con, f"select {latest} from {self.table}")
        if not isinstance(newest, float):
            what = Message("data.contract_no_date", name=fresh.by)
        elif now - newest > seconds(fresh.within):
            what = Message("data.contract_newest", name=fresh.by, days=(now - newest) / 86400)
        else:
            return
        yield _wrong("fresh", what, Message("data.contract_recent_row", within=fresh.within))
