"""Statistics of a table: the profile of every field, and the distributions that drift is tested
against.

Knows SQL aggregates over one table. Knows nothing of how the rows were cleaned.
"""

from __future__ import annotations

import math
from typing import Any

from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.column_groups import COUNTED, slices
from mesocosm.data.pipeline.quantiles import several_quantiles
from mesocosm.data.pipeline.recipe import Fields
from mesocosm.data.sources.path_utils import quote

EXACT = 2_000_000  # rows up to which different values are counted exactly
SAMPLED = 500_000  # rows that the quantiles of a long table are taken from
MEASURES = {"min": "min", "max": "max", "mean": "avg", "sd": "stddev"}  # and their names in SQL
LISTED = 200  # values of a category whose rows are counted; rows of the others are counted together


def profile(con: Any, table: str, fields: Fields) -> dict[str, dict[str, Any]]:
    """Per field: rows, missing, distinct, and for numbers min, max, mean, median, sd.

    Values of private fields are not shown: only how many there are. Over `EXACT` rows the count of
    distinct values is an estimate (HyperLogLog).
    """
    rows = con.execute(f"select count(*) from {table}").fetchone()[0]
    found: dict[str, dict[str, Any]] = {}
    for part, some in slices(con, table, fields):
        found |= _profile(con, part, some, rows)
    return found


def _profile(con: Any, table: str, fields: Fields, rows: int) -> dict[str, dict[str, Any]]:
    """The profile of some fields of a table of `rows` rows."""
    found: dict[str, dict[str, Any]] = {name: {"rows": rows} for name in fields}
    numbers = _shown_numbers(fields)
    asked: list[tuple[str, str, str]] = []
    for name in fields:
        x = quote(name)
        asked.append((name, "missing", f"count(*) - count({x})"))
        if name in numbers:
            asked += [(name, key, f"{call}({x})::double") for key, call in MEASURES.items()]
    row = con.execute(f"select {', '.join(a[2] for a in asked)} from {table}").fetchone()
    for (name, key, _), value in zip(asked, row, strict=True):
        found[name][key] = _finite(value)
    for name, count in _count_distinct(con, table, list(fields), rows).items():
        found[name]["distinct"] = count
    medians = several_quantiles(con, [quote(n) for n in numbers], table, [0.5], rows)
    for name, values in zip(numbers, medians, strict=True):
        found[name]["median"] = values[0] if values else None
    return found


def _shown_numbers(fields: Fields) -> list[str]:
    """The numeric fields that are not private."""
    return [n for n, f in fields.items() if ibis_sql.is_number(f.ibis_type) and not f.private]


def _finite(value: Any) -> Any:
    """A statistic as JSON holds it: None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _count_distinct(con: Any, table: str, names: list[str], rows: int) -> dict[str, int]:
    """How many different values each field has; an estimate where the rows are many."""
    call = "count(distinct {})" if rows <= EXACT else "approx_count_distinct({})"
    found: dict[str, int] = {}
    # a few fields at once, as each count holds the values of its column
    for start in range(0, len(names), COUNTED):
        some = names[start : start + COUNTED]
        counts = ", ".join(call.format(quote(name)) for name in some)
        row = con.execute(f"select {counts} from {table}").fetchone()
        found |= dict(zip(some, row, strict=True))
    return found


def histogram(con: Any, table: str, fields: Fields) -> dict[str, Any]:
    """What drift is tested against, from training rows: 200 quantiles of each number, counts
    of the 200 most frequent values of each category.
    """
    found: dict[str, Any] = {}
    shown = {n: f for n, f in fields.items() if not f.private}
    for part, some in slices(con, table, shown, more=", _row, _split"):
        found |= _histogram(con, part, some)
    return found


def _histogram(con: Any, table: str, fields: Fields) -> dict[str, Any]:
    """The same of some fields."""
    train = f"{table} where _split = 'train'"
    numbers = [n for n, f in fields.items() if ibis_sql.is_number(f.ibis_type)]
    points = _points(con, train, numbers)
    found: dict[str, Any] = {}
    for name, field in fields.items():
        if name in points:
            found[name] = points[name]
        elif field.role in ("category", "boolean"):
            found[name] = _count_values(con, train, name)
    return found


def _points(con: Any, train: str, numbers: list[str]) -> dict[str, dict[str, Any]]:
    """200 quantiles of each number, from a seeded share of the rows where they are many; a number
    that is missing everywhere is left out.

    Args:
        train: what stands after FROM for the training rows, with its condition.
    """
    if not numbers:
        return {}
    rows = con.execute(f"select count(*) from {train}").fetchone()[0]
    every = max(1, rows // SAMPLED)
    sample = train
    if every > 1:
        sample += f" and hash(_row) % {every} = 0"
    quantiles = several_quantiles(
        con,
        [quote(n) for n in numbers],
        f"(select * from {sample})",
        [i / 199 for i in range(200)],
        min(rows, SAMPLED + rows % SAMPLED),
    )
    asked = ", ".join(
        f"[count({quote(n)}), min({quote(n)})::double, max({quote(n)})::double]" for n in numbers
    )
    whole = con.execute(f"select {asked} from {train}").fetchone()
    found: dict[str, dict[str, Any]] = {}
    for name, values, (count, low, high) in zip(numbers, quantiles, whole, strict=True):
        if values is None:
            continue
        if every > 1 and math.isfinite(low) and math.isfinite(high):
            values = [low, *values[1:-1], high]  # a sample misses the ends of the range
        found[name] = {"numbers": values, "rows": int(count)}
    return found


def _count_values(con: Any, train: str, name: str) -> dict[str, Any]:
    """The most frequent values of a category, counted, and how many rows have any other."""
    x = quote(name)
    counts = dict(
        con.execute(
            f"select {x}::varchar, count(*) from {train} and {x} is not null group by 1 order by 2"
            f" desc, 1 limit {LISTED}"
        ).fetchall()
    )
    found: dict[str, Any] = {"counts": counts}
    if len(counts) == LISTED:
        rows = con.execute(f"select count({x}) from {train}").fetchone()[0]
        found["other"] = rows - sum(counts.values())
    return found
