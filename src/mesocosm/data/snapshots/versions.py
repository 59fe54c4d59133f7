"""Versions of a governed table: what differs between two, rows and statistics, and an old one
restored.

Knows Delta versions and SQL. Values of rows are never in an answer, only how many there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesocosm.data.pipeline.ibis_sql import is_number
from mesocosm.data.pipeline.internal_names import LINEAGE_COLUMNS, quote, working_column
from mesocosm.data.snapshots.delta_tables import commit, files_of, scan
from mesocosm.data.sources.path_utils import text

BINS = 10


def diff(
    path: Path, old: int, new: int, fields: Mapping[str, str], key: str | None
) -> dict[str, Any]:
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
        figures = {f: _statistics(con, f, fields[f]) for f in shared}
    return {
        "rows": rows,
        "changed": changed,
        "fields": figures,
        "only_old": sorted(before - after),
        "only_new": sorted(after - before),
    }


def _fields_of(con: Any, table: str) -> set[str]:
    """The columns of a table but for the lineage columns."""
    names = {row[0] for row in con.execute(f"describe {table}").fetchall()}
    return names - LINEAGE_COLUMNS


def _compare_by_key(con: Any, shared: list[str], key: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many rows were added, removed and changed, and how often each field changed."""
    k = quote(key)
    others = [f for f in shared if f != key]
    moved = [
        f"count(*) filter (a.{k} is not null and b.{k} is not null and a.{quote(f)} is distinct"
        f" from b.{quote(f)})"
        for f in others
    ]
    differs = " or ".join(f"a.{quote(f)} is distinct from b.{quote(f)}" for f in others) or "false"
    there = f"a.{k} is not null and b.{k} is not null"
    asked = [
        f"count(*) filter (a.{k} is null)",
        f"count(*) filter (b.{k} is null)",
        f"count(*) filter ({there} and ({differs}))",
        f"count(*) filter ({there} and not ({differs}))",
        *moved,
    ]
    found = con.execute(
        f"select {', '.join(asked)} from a full join b on a.{k} = b.{k}"
    ).fetchall()[0]
    rows = dict(zip(("added", "removed", "changed", "same"), found, strict=False))
    return rows, {field: n for field, n in zip(others, found[4:], strict=True) if n}


def _compare_by_hash(con: Any, shared: list[str]) -> dict[str, int]:
    """How many rows were added and removed, without a key that tells which were changed."""
    mark = f"hash({', '.join(map(quote, shared))})"
    each = (
        f"select h, sum(n) as d, sum(abs(n)) as s from (select {mark} as h, -1 as n from a union"
        f" all select {mark}, 1 from b) group by h"
    )
    added, removed, every = con.execute(
        "select coalesce(sum(d) filter (d > 0), 0)::bigint, coalesce(-sum(d) filter (d < 0),"
        f" 0)::bigint, sum(s)::bigint from ({each})"
    ).fetchall()[0]
    return {
        "added": added,
        "removed": removed,
        "changed": 0,
        "same": ((every or 0) - added - removed) // 2,
    }


def _statistics(con: Any, field: str, kind: str) -> dict[str, Any]:
    x = quote(field)
    calls = {"missing": f"count(*) - count({x})", "distinct": f"count(distinct {x})"}
    if is_number(kind):
        calls |= {"mean": f"avg({x})::double", "sd": f"stddev({x})::double"}
    found: dict[str, Any] = {}
    for name, table in (("old", "a"), ("new", "b")):
        row = con.execute(f"select {', '.join(calls.values())} from {table}").fetchall()[0]
        found[name] = dict(zip(calls, map(_finite, row), strict=True))
    found["psi"] = _psi(con, x, kind)
    return found


def _finite(value: Any) -> Any:
    """A statistic as JSON holds it: None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _psi(con: Any, x: str, kind: str) -> float | None:
    """The population stability index over ten bins of the old version, or over the values of a
    field that is no number.
    """
    if is_number(kind):
        steps = ", ".join(str(i / BINS) for i in range(1, BINS))
        cuts = con.execute(f"select quantile_cont({x}::double, [{steps}]) from a").fetchall()[0][0]
        if not cuts:
            return None
        cut, listed = working_column("cut"), ", ".join(map(repr, cuts))
        bin_of = f"len(list_filter([{listed}]::double[], lambda {cut}: {cut} < {x}))"
    else:
        bin_of = f"{x}::varchar"
    counts = {
        t: f"select {bin_of} as v, count(*) as n from {t} where {x} is not null group by 1"
        for t in "ab"
    }
    joined = (
        f"select coalesce(p.n, 0), coalesce(q.n, 0) from ({counts['a']}) p full join"
        f" ({counts['b']}) q on p.v = q.v limit 2000"
    )
    pairs = con.execute(joined).fetchall()
    a, b = sum(p for p, _ in pairs), sum(q for _, q in pairs)
    if not a or not b or len(pairs) >= 2000:
        return None
    half = 0.5 * len(pairs)  # half a row is added to each count
    shares = [((p + 0.5) / (a + half), (q + 0.5) / (b + half)) for p, q in pairs]
    return float(round(sum((q - p) * math.log(q / p) for p, q in shares), 6))


def restore_version(path: Path, versions: Mapping[str, int], made: str) -> dict[str, int]:
    """Make an old version of each table the newest one again; no row is copied."""
    return {
        name: commit(path / name, [Path(f) for f in files_of(path / name, version)], made)
        for name, version in versions.items()
    }


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
        return int(con.execute(f"select count(*) from {scan(path, version)}").fetchall()[0][0])
