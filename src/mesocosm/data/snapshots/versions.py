"""Versions of a governed table: what differs between two, rows and statistics, and an old one
restored.

Knows Delta versions and SQL. Values of rows are never in an answer, only how many there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from mesocosm.data.pipeline.ibis_sql import is_number
from mesocosm.data.pipeline.internal_names import LINEAGE_COLUMNS, quote, working_column
from mesocosm.data.snapshots.delta_tables import commit, files_of, scan
from mesocosm.data.sources.path_utils import text
from mesocosm.data.sources.query_results import (
    count_rows,
    list_columns,
    read_counts,
    read_row,
    read_value,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BINS = 10
MOST_BINS = 2000  # a field of more values has no distribution to compare


Statistic = int | float | None


class FieldDifference(TypedDict):
    """The statistics of a field in two versions, and how far its distribution moved."""

    old: dict[str, Statistic]
    new: dict[str, Statistic]
    psi: float | None


class VersionDifference(TypedDict):
    """What differs between two versions.

    Args:
        rows: how many were `added`, `removed`, `changed`, and are the `same`.
        changed: of each field, how many values changed.
        fields: of each field that both versions have, its statistics.
        only_old: the fields of the old version alone.
        only_new: the fields of the new version alone.
    """

    rows: dict[str, int]
    changed: dict[str, int]
    fields: dict[str, FieldDifference]
    only_old: list[str]
    only_new: list[str]


def diff(
    path: Path, old: int, new: int, fields: Mapping[str, str], key: str | None
) -> VersionDifference:
    """What became of the rows between two versions, and how each field's statistics moved.

    Args:
        path: the folder of the `rows` table.
        fields: the fields with their Ibis types; those of only one version are named.
        key: the field that names a row; without one a changed row is one removed and one added.

    Returns:
        `rows` (added, removed, changed, same), `changed` per field, `fields` with figures and the
        population stability index (Siddiqi, Credit Risk Scorecards, 2006, ch. 6).
    """
    import duckdb

    with duckdb.connect() as con:
        con.execute("set memory_limit='600MB'")
        con.execute(f"create view a as select * from {scan(path, old)}")
        con.execute(f"create view b as select * from {scan(path, new)}")
        before, after = _fields_of(con, "a"), _fields_of(con, "b")
        shared = [f for f in fields if f in before & after]
        if key in shared:
            rows, changed = _compare_by_key(con, shared, str(key))
        else:
            rows, changed = _compare_by_hash(con, shared), {}
        figures = {f: _compare_field(con, f, fields[f]) for f in shared}
    return {
        "rows": rows,
        "changed": changed,
        "fields": figures,
        "only_old": sorted(before - after),
        "only_new": sorted(after - before),
    }


def _fields_of(con: DuckDBPyConnection, table: str) -> set[str]:
    """The columns of a table but for the lineage columns."""
    return set(list_columns(con, table)) - LINEAGE_COLUMNS


def _compare_by_key(
    con: DuckDBPyConnection, shared: list[str], key: str
) -> tuple[dict[str, int], dict[str, int]]:
    """How many rows were added, removed and changed, and how often each field changed."""
    k = quote(key)
    others = [field for field in shared if field != key]
    there = f"a.{k} is not null and b.{k} is not null"
    moves = [f"a.{field} is distinct from b.{field}" for field in map(quote, others)]
    differs = " or ".join(moves) or "false"
    asked = [
        f"count(*) filter (a.{k} is null)",
        f"count(*) filter (b.{k} is null)",
        f"count(*) filter ({there} and ({differs}))",
        f"count(*) filter ({there} and not ({differs}))",
        *[f"count(*) filter ({there} and {moved})" for moved in moves],
    ]
    found = read_counts(con, f"select {', '.join(asked)} from a full join b on a.{k} = b.{k}")
    rows = dict(zip(("added", "removed", "changed", "same"), found, strict=False))
    return rows, {field: count for field, count in zip(others, found[4:], strict=True) if count}


def _compare_by_hash(con: DuckDBPyConnection, shared: list[str]) -> dict[str, int]:
    """How many rows were added and removed, without a key that tells which were changed."""
    mark = f"hash({', '.join(map(quote, shared))})"
    each = (
        f"select h, sum(n) as d, sum(abs(n)) as s from (select {mark} as h, -1 as n from a union"
        f" all select {mark}, 1 from b) group by h"
    )
    added, removed, every = read_counts(
        con,
        "select coalesce(sum(d) filter (d > 0), 0)::bigint, coalesce(-sum(d) filter (d < 0),"
        f" 0)::bigint, coalesce(sum(s), 0)::bigint from ({each})",
    )
    return {
        "added": added,
        "removed": removed,
        "changed": 0,
        "same": (every - added - removed) // 2,
    }


def _compare_field(con: DuckDBPyConnection, field: str, kind: str) -> FieldDifference:
    """The statistics of a field in the versions `a` and `b`."""
    x = quote(field)
    calls = {"missing": f"count(*) - count({x})", "distinct": f"count(distinct {x})"}
    if is_number(kind):
        calls |= {"mean": f"avg({x})::double", "sd": f"stddev({x})::double"}
    return {
        "old": _statistics(con, "a", calls),
        "new": _statistics(con, "b", calls),
        "psi": _psi(con, x, kind),
    }


def _statistics(
    con: DuckDBPyConnection, table: str, calls: Mapping[str, str]
) -> dict[str, Statistic]:
    """Some aggregates of a table by their names."""
    row = read_row(con, f"select {', '.join(calls.values())} from {table}")
    return {name: _finite(value) for name, value in zip(calls, row, strict=True)}


def _finite(value: object) -> Statistic:
    """A statistic as JSON holds it: None for a number that is not finite."""
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return None


def _psi(con: DuckDBPyConnection, x: str, kind: str) -> float | None:
    """The population stability index over ten bins of the old version, or over the values of a
    field that is no number.
    """
    bin_of = _bin_number(con, x) if is_number(kind) else f"{x}::varchar"
    if bin_of is None:
        return None
    counts = _count_bins(con, x, bin_of)
    if len(counts) >= MOST_BINS:
        return None
    return _stability([old for old, _ in counts], [new for _, new in counts])


def _stability(old: list[int], new: list[int]) -> float | None:
    """The index of two counts of the same bins; None where one counts nothing."""
    if not sum(old) or not sum(new):
        return None
    pairs = zip(_shares(old), _shares(new), strict=True)
    return float(round(sum((q - p) * math.log(q / p) for p, q in pairs), 6))


def _shares(counts: list[int]) -> list[float]:
    """The share of each bin, half a row added to each count."""
    total = sum(counts) + 0.5 * len(counts)
    return [(count + 0.5) / total for count in counts]


def _bin_number(con: DuckDBPyConnection, x: str) -> str | None:
    """SQL of a number's bin by the deciles of the old version; None where it has no number."""
    steps = ", ".join(str(i / BINS) for i in range(1, BINS))
    cuts = read_value(con, f"select quantile_cont({x}::double, [{steps}]) from a")
    if not isinstance(cuts, list) or not cuts:
        return None
    cut, listed = working_column("cut"), ", ".join(map(repr, cuts))
    return f"len(list_filter([{listed}]::double[], lambda {cut}: {cut} < {x}))"


def _count_bins(con: DuckDBPyConnection, x: str, bin_of: str) -> list[tuple[int, int]]:
    """How many rows of the old and of the new version each bin has, of up to `MOST_BINS` bins."""
    counts = {
        table: f"select {bin_of} as v, count(*) as n from {table} where {x} is not null group by 1"
        for table in "ab"
    }
    joined = (
        f"select coalesce(p.n, 0), coalesce(q.n, 0) from ({counts['a']}) p full join"
        f" ({counts['b']}) q on p.v = q.v limit {MOST_BINS}"
    )
    return [(int(old), int(new)) for old, new in con.execute(joined).fetchall()]


def restore_version(path: Path, versions: Mapping[str, int], made: str) -> dict[str, int]:
    """Make an old version of each table the newest one again; no row is copied."""
    new: dict[str, int] = {}
    for name, version in versions.items():
        files = [Path(file) for file in files_of(path / name, version)]
        new[name] = commit(path / name, files, made)
    return new


def export_rows(path: Path, version: int, out: Path, only: list[str] | None = None) -> int:
    """Write the rows of a version to a file by its ending (csv, parquet, json, jsonl); returns how
    many.

    Args:
        only: the fields to write, sorted by their values, so that nothing tells whose row is
            whose.
    """
    import duckdb

    forms = {
        ".csv": "csv, header",
        ".parquet": "parquet",
        ".json": "json, array true",
        ".jsonl": "json",
    }
    with duckdb.connect() as con:
        query = f"select * from {scan(path, version)} order by _row"
        if only:
            query = f"select {', '.join(map(quote, only))} from {scan(path, version)} order by all"
        con.execute(f"copy ({query}) to {text(str(out))} (format {forms[out.suffix.lower()]})")
        return count_rows(con, scan(path, version))
