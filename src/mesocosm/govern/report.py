"""The quality report: every field before and after, and the account of rows that must close.

Knows SQL aggregates over two tables. Knows nothing of how the rows were cleaned.
"""

from __future__ import annotations

import math
from typing import Any

from mesocosm.govern.recipe import Fields
from mesocosm.govern.sources.paths import quote

NUMERIC = ("int64", "float64")


def profile(con: Any, table: str, fields: Fields, where: str = "true") -> dict[str, dict[str, Any]]:
    """Per field: rows, missing, distinct, and for numbers min, max, mean, median, sd.

    Values of private fields are not shown: only how many there are.
    """
    asked: list[tuple[str, str, str]] = []
    for name, field in fields.items():
        x = quote(name)
        asked += [(name, "missing", f"count(*) - count({x})"), (name, "distinct", f"count(distinct {x})")]
        if field.ibis_type in NUMERIC and not field.private:
            for key, call in (("min", "min"), ("max", "max"), ("mean", "avg"), ("median", "median"), ("sd", "stddev")):
                asked.append((name, key, f"{call}({x})::double"))
    row = con.execute(f"select count(*), {', '.join(a[2] for a in asked)} from {quote(table)} where {where}").fetchone()
    found: dict[str, dict[str, Any]] = {name: {"rows": row[0]} for name in fields}
    for (name, key, _), value in zip(asked, row[1:], strict=True):
        bad = isinstance(value, float) and not math.isfinite(value)
        found[name][key] = None if bad else value
    return found


def histogram(con: Any, table: str, fields: Fields, where: str = "_split = 'train'") -> dict[str, Any]:
    """What the drift watch compares with: 200 quantiles of each number, counts of each category."""
    found: dict[str, Any] = {}
    for name, field in fields.items():
        x = quote(name)
        if field.private:
            continue
        if field.ibis_type in NUMERIC:
            steps = ", ".join(f"{i / 199:.6f}" for i in range(200))
            query = f"select quantile_cont({x}::double, [{steps}]), count({x}) from {quote(table)} where {where}"
            values, rows = con.execute(query).fetchone()
            if values is not None:
                found[name] = {"numbers": values, "rows": rows}
        elif field.model_dump()["type"] in ("category", "boolean"):
            query = (
                f"select {x}::varchar, count(*) from {quote(table)} where {where} and {x} is not null "
                f"group by 1 order by 2 desc, 1 limit 200"
            )
            found[name] = {"counts": dict(con.execute(query).fetchall())}
    return found


def score(account: dict[str, int], after: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]) -> float:
    """Quality from 0 to 1: the share of cells that came in whole, times the share of rows kept."""
    cells = sum(p["rows"] for p in before.values()) or 1
    whole = 1 - sum(p["missing"] for p in before.values()) / cells
    still = 1 - sum(p["missing"] for p in after.values()) / (sum(p["rows"] for p in after.values()) or 1)
    kept = account["kept"] / max(1, account["in"])
    return float(round(kept * (whole + still) / 2, 4))
