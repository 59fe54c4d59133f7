"""Exact quantiles of a column of any length in bounded memory.

A long column is narrowed by counts: its range is cut into bins, the bin that holds the rank is cut
again, until what is left is short enough to sort. Knows SQL aggregates; the answer is what
`quantile_cont` gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DIRECT = 2_000_000  # values that one aggregate may hold: 8 bytes each
SORTED = 1_000_000  # values sorted at once
BINS = 8192


def quantiles(
    con: DuckDBPyConnection, x: str, table: str, probabilities: Sequence[float]
) -> list[float] | None:
    """Quantiles by linear interpolation between order statistics; None where there is no value.

    Args:
        x: a SQL expression that gives numbers or null.
        table: what stands after FROM, with its conditions.
    """
    whole = _measure_range(con, x, table)
    if whole is None:
        return None
    if whole.count <= DIRECT:
        (found,) = _read_quantiles(con, [x], table, probabilities)
        return found
    spots = [p * (whole.count - 1) for p in probabilities]
    ranks = {*map(math.floor, spots), *map(math.ceil, spots)}
    values = f"(select ({x})::double as v from {table})"
    known = _values_at(con, values, whole, sorted(ranks))
    return [_interpolate(known, spot) for spot in spots]


def _measure_range(con: DuckDBPyConnection, x: str, table: str) -> _Range | None:
    """All values of a column; None where there is none."""
    count, low, high = con.execute(
        f"select count({x}), min({x})::double, max({x})::double from {table}"
    ).fetchall()[0]
    if not count:
        return None
    return _Range("v is not null", float(low), float(high), int(count), 0)


def _interpolate(known: Mapping[int, float], spot: float) -> float:
    """The value at a place between two ranks."""
    low, high = known[math.floor(spot)], known[math.ceil(spot)]
    return low + (high - low) * (spot - math.floor(spot))


def _read_quantiles(
    con: DuckDBPyConnection, columns: Sequence[str], table: str, probabilities: Sequence[float]
) -> list[list[float] | None]:
    """Quantiles of some columns by one query, which holds their values; None for one without."""
    steps = ", ".join(repr(float(p)) for p in probabilities)
    asked = ", ".join(f"quantile_cont(({x})::double, [{steps}])" for x in columns)
    lists: tuple[list[float] | None, ...] = con.execute(f"select {asked} from {table}").fetchall()[
        0
    ]
    return [None if values is None else list(map(float, values)) for values in lists]


def several_quantiles(
    con: DuckDBPyConnection,
    columns: Sequence[str],
    table: str,
    probabilities: Sequence[float],
    rows: int,
) -> list[list[float] | None]:
    """`quantiles` of each of several columns; of a short table many columns at once.

    Args:
        rows: about how many rows the table has.
    """
    at_once = max(1, min(100, DIRECT // max(1, rows)))
    if at_once == 1:
        return [quantiles(con, x, table, probabilities) for x in columns]
    found: list[list[float] | None] = []
    for start in range(0, len(columns), at_once):
        found += _read_quantiles(con, columns[start : start + at_once], table, probabilities)
    return found


@dataclass(frozen=True)
class _Range:
    """Values of a column between two ends.

    Args:
        where: SQL that is true for them.
        count: how many there are.
        before: how many values lie below.
    """

    where: str
    low: float
    high: float
    count: int
    before: int


def _values_at(
    con: DuckDBPyConnection, table: str, values: _Range, ranks: list[int]
) -> dict[int, float]:
    """The values at ranks, from 0 over the whole column."""
    if values.low == values.high:
        return dict.fromkeys(ranks, values.low)
    if values.count <= SORTED:
        ordered = _sort_values(con, table, values)
        return {rank: ordered[rank - values.before] for rank in ranks}
    found: dict[int, float] = {}
    for part in _cut_range(con, table, values):
        inside = [rank for rank in ranks if part.before <= rank < part.before + part.count]
        if inside:
            found |= _values_at(con, table, part, inside)
    return found


def _sort_values(con: DuckDBPyConnection, table: str, values: _Range) -> list[float]:
    """The values of a range, the least first."""
    query = f"select list(v order by v) from {table} where {values.where}"
    ordered: list[float] = con.execute(query).fetchall()[0][0]
    return list(map(float, ordered))


def _cut_range(con: DuckDBPyConnection, table: str, values: _Range) -> Iterator[_Range]:
    """The parts of a range of values that hold some, the least first."""
    low, wide = values.low, values.high - values.low
    binned = f"least({BINS - 1}, floor((v - {low!r}::double) / {wide!r}::double * {BINS}))::int"
    query = (
        f"select {binned} as b, count(*), min(v), max(v) from {table} where {values.where} group by"
        " b order by b"
    )
    before = values.before
    for number, count, least, most in con.execute(query).fetchall():
        where = f"{values.where} and {binned} = {number}"
        yield _Range(where, float(least), float(most), int(count), before)
        before += int(count)
