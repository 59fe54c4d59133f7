"""The rows of a source that adds columns, one for each key: numbers are summed and counted exactly,
and a value that is no number is refused with its place.

Knows the tables of the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset, From
from mesocosm.data.lookup import Aggregate, Moments, Partner
from mesocosm.data.pipeline.expressions.source_types import DECIMAL
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.pipeline.joins.in_time import LEAD, latest_sql, pair_rows, plain_moment
from mesocosm.data.pipeline.joins.keys import key_sql
from mesocosm.data.pipeline.joins.refused_values import check_column, refuse_unread, written_sql
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
            _join_in_time(con, dataset, name, how, how.moments)
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


def _join_in_time(
    con: DuckDBPyConnection, dataset: Dataset, name: str, how: Partner, moments: Moments
) -> None:
    """A row for each leading row that has one, and the places of the rows that are joined."""
    pairs, table = pair_rows(con, dataset.lead_sources, name, how, moments), joined_table(name, how)
    if how.aggregates:
        shown, leads = _list_aggregates(con, dataset.source, name, how), ", ".join(LEAD)
        rows, taken = f"select {leads}, {shown} from {pairs} s group by {leads}", pairs
    else:
        rows, taken = latest_sql(pairs), table
    con.execute(f"create temp table {table} as {rows}")
    con.execute(
        f"create temp table {taken_table(name)} as select distinct _file, _line from {taken}"
    )
    con.execute(f"drop table {pairs}")


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
    aggregate, setting = from_.partners[name].aggregates[new], f"from.lookup.{name}.aggregate.{new}"
    if not aggregate.column:
        return "count(*)"
    check_column(setting, name, aggregate.column, columns)
    place = (setting, name, aggregate.column)
    return WRITTEN[aggregate.function](_value_of(con, place, aggregate, columns[aggregate.column]))


def _value_of(
    con: DuckDBPyConnection, place: tuple[str, str, str], aggregate: Aggregate, kind: str
) -> str:
    """SQL of the values that a function is over: text as numbers, or as moments of ISO 8601 where
    the least or greatest is asked for.

    Args:
        place: the setting, the source and its column.
    """
    cell, written = f"s.{quote(aggregate.column)}", written_sql(aggregate.column)
    if _is_typed(kind) or aggregate.function in ("count", "distinct"):
        return written if kind == "VARCHAR" else cell
    if aggregate.function in ("min", "max") and _all_moments(con, place[1], written):
        return plain_moment(written)
    unread = f"{written} is not null and not regexp_full_match({written}, {text(PLAIN)})"
    expected = Message("data.plain_numbers", function=aggregate.function)
    refuse_unread(con, place, unread, "data.aggregate_of_text", expected)
    return f"{written}::{EXACT}"


def _is_typed(kind: str) -> bool:
    return kind in NUMBERS | TIMES or bool(DECIMAL.fullmatch(kind))


def _all_moments(con: DuckDBPyConnection, source: str, written: str) -> bool:
    """Whether every value is a date or moment of ISO 8601 without a zone."""
    unread = f"{written} is not null and {plain_moment(written)} is null"
    return not count_rows(con, f"{quote('src_' + source)} s", unread)
