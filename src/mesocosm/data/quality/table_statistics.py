"""Statistics of a table: the profile of every field, and the distributions that drift is tested
against.

Knows SQL aggregates over one table. Knows nothing of how the rows were cleaned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

from mesocosm.catalog.contents import FieldStatistics, TrainingColumn
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.column_groups import COUNTED, slices
from mesocosm.data.pipeline.expressions.typed_rows import count_texts, read_numbers
from mesocosm.data.pipeline.quantiles import several_quantiles
from mesocosm.data.pipeline.recipe import Fields
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows, read_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXACT = 2_000_000  # rows up to which different values are counted exactly
SAMPLED = 500_000  # rows that the quantiles of a long table are taken from
MEASURES = ("min", "max", "avg", "stddev")  # of numbers, as SQL has them
LISTED = 200  # values of a category whose rows are counted; rows of the others are counted together


def profile(con: DuckDBPyConnection, table: str, fields: Fields) -> dict[str, FieldStatistics]:
    """Per field: rows, missing, distinct, and for numbers min, max, mean, median, sd.

    Values of private fields are not shown: only how many there are. Over `EXACT` rows the count of
    distinct values is an estimate (HyperLogLog).
    """
    rows = count_rows(con, table)
    found: dict[str, FieldStatistics] = {}
    for part, some in slices(con, table, fields):
        found |= _profile(con, part, some, rows)
    return found


def _profile(
    con: DuckDBPyConnection, table: str, fields: Fields, rows: int
) -> dict[str, FieldStatistics]:
    """The profile of some fields of a table of `rows` rows."""
    numbers = _shown_numbers(fields)
    measures = _measure_numbers(con, table, numbers)
    distinct = _count_distinct(con, table, list(fields), rows)
    medians = several_quantiles(con, [quote(n) for n in numbers], table, [0.5], rows)
    found: dict[str, FieldStatistics] = {}
    for name, missing in _count_missing(con, table, list(fields)).items():
        found[name] = {"rows": rows, "missing": missing}
        if name in measures:
            found[name].update(measures[name])
        found[name]["distinct"] = distinct[name]
    for name, values in zip(numbers, medians, strict=True):
        found[name]["median"] = values[0] if values else None
    return found


def _count_missing(con: DuckDBPyConnection, table: str, names: Sequence[str]) -> dict[str, int]:
    """How many rows lack a value of each field."""
    asked = ", ".join(f"count(*) - count({quote(name)})" for name in names)
    return dict(zip(names, read_counts(con, f"select {asked} from {table}"), strict=True))


def _measure_numbers(
    con: DuckDBPyConnection, table: str, names: Sequence[str]
) -> dict[str, FieldStatistics]:
    """Least, greatest, mean and standard deviation of each number, None where not finite."""
    if not names:
        return {}
    asked = [f"{call}({quote(name)})::double" for name, call in product(names, MEASURES)]
    row = map(_finite, read_numbers(con, f"select {', '.join(asked)} from {table}"))
    found: dict[str, FieldStatistics] = {}
    for name in names:
        low, high, mean, sd = islice(row, len(MEASURES))
        found[name] = {"min": low, "max": high, "mean": mean, "sd": sd}
    return found


def _shown_numbers(fields: Fields) -> list[str]:
    """The numeric fields that are not private."""
    return [n for n, f in fields.items() if ibis_sql.is_number(f.ibis_type) and not f.private]


def _finite(value: float | None) -> float | None:
    """A statistic as JSON holds it: None for a number that is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return value


def _count_distinct(
    con: DuckDBPyConnection, table: str, names: list[str], rows: int
) -> dict[str, int]:
    """How many different values each field has; an estimate where the rows are many."""
    call = "count(distinct {})" if rows <= EXACT else "approx_count_distinct({})"
    found: dict[str, int] = {}
    # a few fields at once, as each count holds the values of its column
    for start in range(0, len(names), COUNTED):
        some = names[start : start + COUNTED]
        counts = ", ".join(call.format(quote(name)) for name in some)
        row = read_counts(con, f"select {counts} from {table}")
        found |= dict(zip(some, row, strict=True))
    return found


def histogram(con: DuckDBPyConnection, table: str, fields: Fields) -> dict[str, TrainingColumn]:
    """What drift is tested against, from training rows: 200 quantiles of each number, counts
    of the 200 most frequent values of each category.
    """
    found: dict[str, TrainingColumn] = {}
    shown = {n: f for n, f in fields.items() if not f.private}
    for part, some in slices(con, table, shown, more=", _row, _split"):
        found |= _histogram(con, part, some)
    return found


def _histogram(con: DuckDBPyConnection, table: str, fields: Fields) -> dict[str, TrainingColumn]:
    """The same of some fields."""
    train = f"{table} where _split = 'train'"
    numbers = [n for n, f in fields.items() if ibis_sql.is_number(f.ibis_type)]
    points = _points(con, train, numbers)
    found: dict[str, TrainingColumn] = {}
    for name, field in fields.items():
        if name in points:
            found[name] = points[name]
        elif field.role in ("category", "boolean"):
            found[name] = _count_values(con, train, name)
    return found


def _points(con: DuckDBPyConnection, train: str, numbers: list[str]) -> dict[str, TrainingColumn]:
    """200 quantiles of each number, from a seeded share of the rows where they are many; a number
    that is missing everywhere is left out.

    Args:
        train: what stands after FROM for the training rows, with its condition.
    """
    if not numbers:
        return {}
    (rows,) = read_counts(con, f"select count(*) from {train}")
    every = max(1, rows // SAMPLED)
    sample = train
    if every > 1:
        sample += f" and hash(_row) % {every} = 0"
    quantiles = several_quantiles(
        con,
        list(map(quote, numbers)),
        f"(select * from {sample})",
        [i / 199 for i in range(200)],
        min(rows, SAMPLED + rows % SAMPLED),
    )
    found: dict[str, TrainingColumn] = {}
    ends = _measure_ends(con, train, numbers)
    for name, values, end in zip(numbers, quantiles, ends, strict=True):
        if values is not None:
            points = _restore_ends(values, end) if every > 1 else values
            found[name] = {"numbers": points, "rows": int(end.values)}
    return found


def _restore_ends(values: list[float], end: _Ends) -> list[float]:
    """Quantiles of a sample, which misses the ends of the range, with the ends of all rows."""
    if math.isfinite(end.low) and math.isfinite(end.high):
        return [end.low, *values[1:-1], end.high]
    return values


class _Ends(NamedTuple):
    """How many values a number has, the least and the greatest."""

    values: float
    low: float
    high: float


def _measure_ends(con: DuckDBPyConnection, train: str, numbers: Sequence[str]) -> list[_Ends]:
    """The ends of each number over all training rows."""
    asked = ", ".join(
        f"[count({quote(n)}), min({quote(n)})::double, max({quote(n)})::double]" for n in numbers
    )
    return list(map(_Ends._make, con.execute(f"select {asked} from {train}").fetchall()[0]))


def _count_values(con: DuckDBPyConnection, train: str, name: str) -> TrainingColumn:
    """The most frequent values of a category, counted, and how many rows have any other."""
    x = quote(name)
    counts = count_texts(
        con,
        f"select {x}::varchar, count(*) from {train} and {x} is not null group by 1 order by 2"
        f" desc, 1 limit {LISTED}",
    )
    found: TrainingColumn = {"counts": counts}
    if len(counts) == LISTED:
        (rows,) = read_counts(con, f"select count({x}) from {train}")
        found["other"] = rows - sum(counts.values())
    return found
