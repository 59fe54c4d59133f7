"""Exact quantiles of a column of any length in bounded memory.

A long column is narrowed by counts: its range is cut into bins, the bin that holds the rank is cut
again, until what is left is short enough to sort. Knows SQL aggregates; the answer is what
`quantile_cont` gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

DIRECT = 2_000_000  # values that one aggregate may hold: 8 bytes each
SORTED = 1_000_000  # values sorted at once
BINS = 8192


def quantiles(con: Any, x: str, table: str, probabilities: Sequence[float]) -> list[float] | None:
    """Quantiles by linear interpolation between order statistics; None where there is no value.

    Args:
        x: a SQL expression that gives numbers or null.
        table: what stands after FROM, with its conditions.
    """
    count, low, high = con.execute(
        f"select count({x}), min({x})::double, max({x})::double from {table}"
    ).fetchone()
    if not count:
        return None
    if count <= DIRECT:
        steps = ", ".join(repr(float(p)) for p in probabilities)
        return [
            float(v)
            for v in con.execute(
                f"select quantile_cont(({x})::double, [{steps}]) from {table}"
            ).fetchone()[0]
        ]
    ranks: set[int] = set()
    for p in probabilities:
        ranks |= {math.floor(p * (count - 1)), math.ceil(p * (count - 1))}
    values = f"(select ({x})::double as v from {table})"
    whole = _Range("v is not null", float(low), float(high), int(count), 0)
    known = _values_at(con, values, whole, sorted(ranks))
    found = []
    for p in probabilities:
        spot = p * (count - 1)
        a, b = known[math.floor(spot)], known[math.ceil(spot)]
        found.append(a + (b - a) * (spot - math.floor(spot)))
    return found


def several_quantiles(
    con: Any, columns: Sequence[str], table: str, probabilities: Sequence[float], rows: int
) -> list[list[float] | None]:
    """`quantiles` of each of several columns; of a short table many columns at once.

    Args:
        rows: about how many rows the table has.
    """
    at_once = max(1, min(100, DIRECT // max(1, rows)))
    if at_once == 1:
        return [quantiles(con, x, table, probabilities) for x in columns]
    steps = ", ".join(repr(float(p)) for p in probabilities)
    found: list[list[float] | None] = []
    for start in range(0, len(columns), at_once):
        asked = ", ".join(
            f"quantile_cont(({x})::double, [{steps}])" for x in columns[start : start + at_once]
        )
        for values in con.execute(f"select {asked} from {table}").fetchone():
            found.append(None if values is None else [float(v) for v in values])
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


def _values_at(con: Any, table: str, values: _Range, ranks: list[int]) -> dict[int, float]:
    """The values at ranks, from 0 over the whole column."""
    low, high = values.low, values.high
    if low == high:
        return dict.fromkeys(ranks, low)
    if values.count <= SORTED:
        ordered = con.execute(
            f"select list(v order by v) from {table} where {values.where}"
        ).fetchone()[0]
        return {rank: float(ordered[rank - values.before]) for rank in ranks}
    binned = (
        f"least({BINS - 1}, floor((v - {low!r}::double) / {(high - low)!r}::double * {BINS}))::int"
    )
    query = (
        f"select {binned} as b, count(*), min(v), max(v) from {table} where {values.where} group by"
        " b order by b"
    )
    found: dict[int, float] = {}
    before = values.before
    for number, count, least, most in con.execute(query).fetchall():
        inside = [rank for rank in ranks if before <= rank < before + count]
        if inside:
            where = f"{values.where} and {binned} = {number}"
            found |= _values_at(con, table, _Range(where, least, most, count, before), inside)
        before += count
    return found
