"""Facts: what the steps learn from the training rows, fences before fills.

Knows DuckDB and the recipe's aggregates. Gives JSON.
"""

from __future__ import annotations

from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.quantiles import SORTED, quantiles

MOST_GROUPS = 2000
MOST_MATRIX = 200_000


def learn(con: Any, fields: recipe.Fields, table: str, facts: recipe.Facts, rows: int) -> None:
    """Fit fences, then fills, and put them into `facts`."""
    for step in ("fence", "fill"):
        matrix: tuple[list[str], Any] = (
            _matrix(con, fields, table, facts, step == "fill")
            if _needs_matrix(fields, step)
            else ([], None)
        )
        found = (
            _long(con, fields, table, facts, step)
            if rows > SORTED
            else _short(con, fields, table, facts, step)
        )
        for name, field in fields.items():
            groups = _groups(con, fields, name, table, facts, step)
            whole = field.ibis_type == "int64"
            mine = facts.setdefault(name, {})
            if step == "fence" and field.fence:
                fence = field.fence
                if fence.matrix:
                    mine["fence"] = fence.learn(name, *matrix)
                    continue
                mine["fence"] = fence.fence(found.get(name, {}))
                if mine["fence"] and groups:
                    mine["fence"]["groups"] = {
                        g: ends for g, m in groups.items() if (ends := fence.fence(m))
                    }
            elif step == "fill":
                if field.missing.matrix:
                    mine |= field.missing.learn(name, *matrix, whole)
                else:
                    mine |= field.missing.facts(
                        found.get(name, {}).get("fill"),
                        {g: m["fill"] for g, m in groups.items()},
                        whole,
                    )


def _short(
    con: Any, fields: recipe.Fields, table: str, facts: recipe.Facts, step: str
) -> dict[str, dict[str, Any]]:
    """All measures by one aggregate."""
    query, order = recipe.measures_sql(fields, table, facts, step)
    found: dict[str, dict[str, Any]] = {}
    for (name, what), value in zip(
        order, con.execute(query).fetchone() if query else (), strict=True
    ):
        found.setdefault(name, {})[what] = _plain(value)
    return found


def _long(
    con: Any, fields: recipe.Fields, table: str, facts: recipe.Facts, step: str
) -> dict[str, dict[str, Any]]:
    """The same for a long table: quantiles one field at a time, in bounded memory."""
    quick: dict[str, Any] = {}
    found: dict[str, dict[str, Any]] = {}
    for name, field in fields.items():
        fence = field.fence
        wanted: dict[str, float] = (
            (fence.quantiles if fence else {}) if step == "fence" else _of(field.missing.quantile)
        )
        if not wanted or field.ibis_type not in recipe.NUMERIC:
            quick[name] = field
            continue
        rows = recipe.teaching(fields, table, facts, step == "fill")
        x = (
            rows[name]
            if step == "fence" or not fence
            else fence.value(rows[name], facts.get(name, {}).get("fence", {}), rows)
        )
        source = f"({ibis_sql.to_sql(rows.select(x=x))})"
        values = quantiles(con, "x", source, [float(v) for v in wanted.values()])
        found[name] = dict(zip(wanted, values, strict=True)) if values else dict.fromkeys(wanted)
    rows = recipe.teaching(fields, table, facts, step == "fill")
    asked = {
        (n, k): s
        for n in quick
        for k, s in recipe.measured(n, fields[n], rows, facts, step).items()
    }
    if asked:
        query = ibis_sql.to_sql(
            rows.aggregate(**{f"m{i}": s for i, s in enumerate(asked.values())})
        )
        for (name, what), value in zip(asked, con.execute(query).fetchone(), strict=True):
            found.setdefault(name, {})[what] = _plain(value)
    return found


def _needs_matrix(fields: recipe.Fields, step: str) -> bool:
    steps = (
        [f.fence for f in fields.values()]
        if step == "fence"
        else [f.missing for f in fields.values()]
    )
    return any(s is not None and s.matrix for s in steps)


def _of(quantile: float | None) -> dict[str, float]:
    return {} if quantile is None else {"fill": quantile}


def _groups(
    con: Any, fields: recipe.Fields, name: str, table: str, facts: recipe.Facts, step: str
) -> dict[str, dict[str, Any]]:
    query, order = recipe.groups_sql(fields, name, table, facts, step)
    if not query:
        return {}
    rows = con.execute(f"select * from ({query}) order by _g limit {MOST_GROUPS + 1}").fetchall()
    if len(rows) > MOST_GROUPS:
        raise Wrong(
            f"fields.{name}",
            f"its 'by' has more than {MOST_GROUPS} groups",
            "a field of fewer values",
        )
    return {row[0]: {k: _plain(v) for k, v in zip(order, row[1:], strict=True)} for row in rows}


def _matrix(
    con: Any, fields: recipe.Fields, table: str, facts: recipe.Facts, fenced: bool
) -> tuple[list[str], Any]:
    """The numeric fields of the training rows, nan where missing; a seeded share where they are
    many.
    """
    import numpy as np

    names = [n for n, f in fields.items() if f.ibis_type in recipe.NUMERIC and not f.private]
    rows = recipe.teaching(fields, table, facts, fenced)
    values: dict[str, Any] = {}
    for n in names:
        fence = fields[n].fence
        x = (
            fence.value(rows[n], facts.get(n, {}).get("fence", {}), rows)
            if fenced and fence
            else rows[n]
        )
        values[f"m{len(values)}"] = x.cast("float64")
    count = con.execute(f"select count(*) from ({ibis_sql.to_sql(rows)})").fetchall()[0][0]
    step = max(1, count // MOST_MATRIX)
    chosen = (
        f"select * from ({ibis_sql.to_sql(rows.select(**values))}) where hash({', '.join(values)}) %"
        f" {step} = 0 order by all"
    )
    found = con.sql(chosen).to_arrow_table()
    return names, np.column_stack(
        [np.asarray(found.column(k).to_numpy(zero_copy_only=False), dtype=float) for k in values]
    )


def _plain(value: Any) -> Any:
    """A measure as JSON holds it."""
    from datetime import date
    from decimal import Decimal

    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
