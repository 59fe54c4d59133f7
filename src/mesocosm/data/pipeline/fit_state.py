"""What the steps fit on the training rows (facts), outlier detectors before imputers.

Knows DuckDB and the recipe's aggregates. Gives JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.cleaning.outliers.detector import OutlierDetector
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.quantiles import SORTED, quantiles
from mesocosm.data.types.field import FieldKind

MOST_GROUPS = 2000
MOST_MATRIX = 200_000


@dataclass(frozen=True)
class _Training:
    """The training rows that one step is fitted on: `fence` or `fill`."""

    con: Any
    fields: recipe.Fields
    table: str
    facts: recipe.Facts
    step: str

    def rows(self) -> Any:
        """The rows, as an expression."""
        return recipe.training_rows(self.fields, self.table, self.facts, self.step)

    def column(self, rows: Any, name: str) -> Any:
        """A field's column; for the imputers, as the outlier detector leaves it."""
        if self.step == "fence":
            return rows[name]
        return recipe.without_outliers(name, self.fields[name], rows, self.facts)


def fit_state(con: Any, fields: recipe.Fields, table: str, facts: recipe.Facts, rows: int) -> None:
    """Fit the outlier detectors, then the imputers, and put what they fitted into `facts`.

    Args:
        rows: how many rows the table has.
    """
    for step in ("fence", "fill"):
        training = _Training(con, fields, table, facts, step)
        matrix: tuple[list[str], Any] = ([], None)
        if _needs_matrix(fields, step):
            matrix = _matrix(training)
        aggregates = _aggregate_long(training) if rows > SORTED else _aggregate(training, fields)
        for name, field in fields.items():
            groups = _aggregate_groups(training, name)
            known = facts.setdefault(name, {})
            if step == "fence" and field.outlier_detector:
                known["fence"] = _fit_detector(
                    name, field.outlier_detector, aggregates.get(name, {}), groups, matrix
                )
            elif step == "fill":
                known |= _fit_imputer(name, field, aggregates.get(name, {}), groups, matrix)


def _fit_detector(
    name: str,
    detector: OutlierDetector,
    aggregates: dict[str, Any],
    groups: dict[str, dict[str, Any]],
    matrix: tuple[list[str], Any],
) -> dict[str, Any]:
    """The bounds of a field's outlier detector, and those of each group that has bounds."""
    if detector.matrix:
        return detector.fit(name, *matrix)
    bounds: dict[str, Any] = {**detector.fit_bounds(aggregates)}
    if bounds and groups:
        by_group = {group: detector.fit_bounds(values) for group, values in groups.items()}
        bounds["groups"] = {group: ends for group, ends in by_group.items() if ends}
    return bounds


def _fit_imputer(
    name: str,
    field: FieldKind,
    aggregates: dict[str, Any],
    groups: dict[str, dict[str, Any]],
    matrix: tuple[list[str], Any],
) -> dict[str, Any]:
    """What a field's imputer puts in the place of missing values."""
    whole = field.ibis_type == "int64"
    if field.missing.matrix:
        return field.missing.fit(name, *matrix, whole)
    by_group = {group: values["fill"] for group, values in groups.items()}
    return field.missing.facts(aggregates.get("fill"), by_group, whole)


def _aggregate(training: _Training, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The aggregates of some fields, all by one query."""
    query, order = recipe.aggregate_all(
        names, training.fields, training.table, training.facts, training.step
    )
    found: dict[str, dict[str, Any]] = {}
    if query:
        row = training.con.execute(query).fetchone()
        for (name, key), value in zip(order, row, strict=True):
            found.setdefault(name, {})[key] = _as_json(value)
    return found


def _aggregate_long(training: _Training) -> dict[str, dict[str, Any]]:
    """The same for a long table: quantiles one field at a time, in bounded memory."""
    found: dict[str, dict[str, Any]] = {}
    others: list[str] = []
    for name, field in training.fields.items():
        wanted = _quantiles_of(field, training.step)
        if not wanted or field.ibis_type not in recipe.NUMERIC:
            others.append(name)
            continue
        rows = training.rows()
        source = f"({ibis_sql.to_sql(rows.select(x=training.column(rows, name)))})"
        values = quantiles(training.con, "x", source, [float(v) for v in wanted.values()])
        found[name] = dict.fromkeys(wanted)
        if values:
            found[name] = dict(zip(wanted, values, strict=True))
    return found | _aggregate(training, others)


def _quantiles_of(field: FieldKind, step: str) -> dict[str, float]:
    """The quantiles that are all that a field's outlier detector or imputer needs, by name."""
    if step == "fence":
        return field.outlier_detector.quantiles if field.outlier_detector else {}
    if field.missing.quantile is None:
        return {}
    return {"fill": field.missing.quantile}


def _needs_matrix(fields: recipe.Fields, step: str) -> bool:
    if step == "fence":
        return any(
            field.outlier_detector and field.outlier_detector.matrix for field in fields.values()
        )
    return any(field.missing.matrix for field in fields.values())


def _aggregate_groups(training: _Training, name: str) -> dict[str, dict[str, Any]]:
    """The aggregates of a field for each value of its `by`.

    Raises:
        ConfigValueError: there are more than `MOST_GROUPS` values.
    """
    query, order = recipe.aggregate_groups(
        training.fields, name, training.table, training.facts, training.step
    )
    if not query:
        return {}
    rows = training.con.execute(
        f"select * from ({query}) order by _g limit {MOST_GROUPS + 1}"
    ).fetchall()
    if len(rows) > MOST_GROUPS:
        raise ConfigValueError(
            f"fields.{name}",
            Message("data.too_many_groups", most=MOST_GROUPS),
            Message("data.field_of_fewer_values"),
        )
    found: dict[str, dict[str, Any]] = {}
    for group, *values in rows:
        found[group] = {key: _as_json(v) for key, v in zip(order, values, strict=True)}
    return found


def _matrix(training: _Training) -> tuple[list[str], Any]:
    """The numeric fields of the training rows, and their values as an array [rows, fields], nan
    where missing; a seeded share of the rows where they are many.
    """
    import numpy as np

    con, fields = training.con, training.fields
    names = [n for n, f in fields.items() if f.ibis_type in recipe.NUMERIC and not f.private]
    rows = training.rows()
    columns = {f"m{i}": training.column(rows, name).cast("float64") for i, name in enumerate(names)}
    count = con.execute(f"select count(*) from ({ibis_sql.to_sql(rows)})").fetchall()[0][0]
    every = max(1, count // MOST_MATRIX)
    chosen = (
        f"select * from ({ibis_sql.to_sql(rows.select(**columns))}) where"
        f" hash({', '.join(columns)}) % {every} = 0 order by all"
    )
    found = con.sql(chosen).to_arrow_table()
    arrays = [found.column(column).to_numpy(zero_copy_only=False) for column in columns]
    return names, np.column_stack([np.asarray(array, dtype=float) for array in arrays])


def _as_json(value: Any) -> Any:
    """A measure as JSON holds it."""
    from datetime import date
    from decimal import Decimal

    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
