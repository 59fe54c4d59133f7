"""The rows of a source that adds columns, one for each key: numbers are summed and counted exactly,
and a value that is no number is refused with its place.

Knows the tables of the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset, From
from mesocosm.data.lookup import Aggregate, Partner
from mesocosm.data.pipeline.expressions.source_types import DECIMAL
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.pipeline.joins.in_time import LEAD, ZONE, latest_sql, pairs_sql
from mesocosm.data.pipeline.joins.keys import key_sql
from mesocosm.data.sources.path_utils import text
from mesocosm.data.sources.query_results import count_rows, describe_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXACT = "decimal(38, 9)"  # in which numbers that are written as text are summed
PLAIN = r"[+-]?\d{1,28}(\.\d{1,9})?"
PLACES = 100  # lines of one key that are kept as lineage
NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT"}
NUMBERS |= {"UINTEGER", "UBIGINT", "FLOAT", "DOUBLE"}
TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIME"}
WRITTEN: Mapping[str, Callable[[str], str]] = {
    "count": lambda value: f"count({value})",
    "distinct": lambda value: f"count(distinct {value})",
    "sum": lambda value: f"sum({value})",
    "mean": lambda value: f"avg({value})",
    "min": lambda value: f"min({value})",
    "max": lambda value: f"max({value})",
}


def joined_table(partner: str, how: Partner) -> str:
    """The quoted name of the table that is joined: of a source, or of its rows aggregated."""
    return quote(("keyed_" if how.is_keyed else "src_") + partner)


def taken_table(partner: str) -> str:
    """The quoted name of the table of the places of the rows that are joined in time."""
    return quote("taken_" + partner)


def key_partners(con: DuckDBPyConnection, dataset: Dataset) -> None:
    """Create the table of each source whose rows are aggregated or joined in time: a row for each
    key, or each leading row, with the columns that it adds, `_line`, and `_places` of its rows.

    Raises:
        ConfigValueError: a column is not there, or holds what is no number or no moment.
    """
    for name, how in dataset.source.partners.items():
        if how.moments:
            _join_in_time(con, dataset, name, how)
        elif how.aggregates:
            _aggregate(con, dataset.source, name, how)


def _aggregate(con: DuckDBPyConnection, from_: From, name: str, how: Partner) -> None:
    """A row for each key."""
    shown = _list_aggregates(con, from_, name, how)
    key = key_sql("s", how.right, how.match)
    con.execute(
        f"create temp table {joined_table(name, how)} as select {key} as _key, {shown} from"
        f" {quote('src_' + name)} s where {key} is not null group by 1"
    )


def _join_in_time(con: DuckDBPyConnection, dataset: Dataset, name: str, how: Partner) -> None:
    """A row for each leading row that has one, and the places of the rows that are joined."""
    pairs = pairs_sql(con, dataset.lead_sources, name, how, f"from.lookup.{name}")
    leads = ", ".join(f"{sql} as {column}" for column, sql in LEAD.items())
    table = joined_table(name, how)
    taken = f"select distinct _file, _line from {table}"
    if how.aggregates:
        shown = _list_aggregates(con, dataset.source, name, how)
        con.execute(
            f"create temp table {table} as select {leads}, {shown} {pairs} group by 1, 2, 3"
        )
        taken = f"select distinct s._file, s._line {pairs}"
    else:
        latest = latest_sql(con, name, how)
        con.execute(f"create temp table {table} as select {leads}, s.* {pairs} {latest}")
    con.execute(f"create temp table {taken_table(name)} as {taken}")


def _list_aggregates(con: DuckDBPyConnection, from_: From, name: str, how: Partner) -> str:
    """SQL of the columns that a source adds, of a row of it, and of the places of its rows."""
    columns = describe_columns(con, quote("src_" + name))
    shown = [f"{_write(con, from_, name, new, columns)} as {quote(new)}" for new in how.aggregates]
    place = "s._file || ':' || s._line"
    places = f"array_to_string(min({place}, {PLACES}), chr(10))"
    return ", ".join(["min(s._line) as _line", f"{places} as _places", *shown])


def _write(
    con: DuckDBPyConnection, from_: From, name: str, new: str, columns: Mapping[str, str]
) -> str:
    """SQL of one aggregate.

    Args:
        new: the column that it becomes.
        columns: those of the source, with their types.
    """
    aggregate = from_.partners[name].aggregates[new]
    if not aggregate.column:
        return "count(*)"
    if aggregate.column not in columns:
        raise ConfigValueError(
            f"from.lookup.{name}.aggregate.{new}",
            Message("data.source_without_column", source=name, column=aggregate.column),
            Message("data.column_of_source"),
            sorted(columns),
            aggregate.column,
        )
    value = _value_of(con, name, new, aggregate, columns[aggregate.column])
    return WRITTEN[aggregate.function](value)


def _value_of(con: DuckDBPyConnection, name: str, new: str, aggregate: Aggregate, kind: str) -> str:
    """SQL of the values that a function is over: text as numbers, or as moments of ISO 8601 where
    the least or greatest is asked for.
    """
    cell = f"s.{quote(aggregate.column)}"
    if _is_typed(kind) or aggregate.function in ("count", "distinct"):
        if kind == "VARCHAR":
            return f"nullif(trim({cell}), '')"
        return cell
    written = f"nullif(trim({cell}::varchar), '')"
    if aggregate.function in ("min", "max") and _all_moments(con, name, written):
        return f"{written}::timestamp"
    _refuse_unread(con, name, new, aggregate, written)
    return f"{written}::{EXACT}"


def _is_typed(kind: str) -> bool:
    return kind in NUMBERS | TIMES or bool(DECIMAL.fullmatch(kind))


def _all_moments(con: DuckDBPyConnection, name: str, written: str) -> bool:
    """Whether every value is a date or moment of ISO 8601 without a zone."""
    moment = f"try_cast({written} as timestamp) is not null"
    zoned = f"regexp_full_match({written}, {text(ZONE)})"
    unread = f"{written} is not null and not ({moment} and not {zoned})"
    return not count_rows(con, f"{quote('src_' + name)} s", unread)


def _refuse_unread(
    con: DuckDBPyConnection, name: str, new: str, aggregate: Aggregate, written: str
) -> None:
    """Refuse a column that holds what is no number, with how many and the first place."""
    table = f"{quote('src_' + name)} s"
    unread = f"{written} is not null and not regexp_full_match({written}, {text(PLAIN)})"
    if count := count_rows(con, table, unread):
        first = f"select _file, _line from {table} where {unread} order by _file, _line limit 1"
        file, line = con.execute(first).fetchall()[0]
        raise ConfigValueError(
            f"from.lookup.{name}.aggregate.{new}",
            Message(
                "data.aggregate_of_text",
                count=count,
                column=aggregate.column,
                source=name,
                place=f"{file}:{line}",
            ),
            Message("data.plain_numbers", function=aggregate.function),
        )
