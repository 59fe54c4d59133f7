"""What the steps fit on the training rows (facts), outlier detectors before imputers.

Knows DuckDB and the recipe's aggregates. Gives JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.cleaning.facts import Bounds, DetectorFacts, FillValue, ImputerFacts
from mesocosm.data.cleaning.outliers.detector import OutlierDetector
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.ibis_sql import Column, Table
from mesocosm.data.pipeline.quantiles import SORTED, quantiles
from mesocosm.data.sources.query_results import count_rows, read_row, read_rows
from mesocosm.data.types.field import FieldKind

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from mesocosm.data.cleaning.facts import Matrix

Measures: TypeAlias = dict[str, FillValue | None]  # of a field, by name

MOST_GROUPS = 2000
MOST_MATRIX = 200_000


@dataclass(frozen=True)
class _Training:
    """The training rows that one step is fitted on: `fence` or `fill`."""

    con: DuckDBPyConnection
    fields: recipe.Fields
    table: str
    facts: recipe.Facts
    step: str

    def rows(self) -> Table:
        """The rows, as an expression."""
        return recipe.training_rows(self.fields, self.table, self.facts, self.step)

    def column(self, rows: Table, name: str) -> Column:
        """A field's column; for the imputers, as the outlier detector leaves it."""
        if self.step == "fence":
            return rows[name]
        return recipe.without_outliers(name, self.fields[name], rows, self.facts)


def fit_state(
    con: DuckDBPyConnection, fields: recipe.Fields, table: str, facts: recipe.Facts, rows: int
) -> None:
    """Fit the outlier detectors, then the imputers, and put what they fitted into `facts`.

    Args:
        rows: how many rows the table has.
    """
    for step in ("fence", "fill"):
        training = _Training(con, fields, table, facts, step)
        measured = _measure(training, rows)
        for name, field in fields.items():
            known = facts.setdefault(name, {})
            if step == "fill":
                facts[name] = {**known, **_fit_imputer(name, field, measured)}
            elif field.outlier_detector:
                known["fence"] = _fit_detector(name, field.outlier_detector, measured)


@dataclass(frozen=True)
class _Measured:
    """What is measured of the training rows for one step.

    Args:
        names: the fields of the columns of `matrix`.
        aggregates: measures by field.
        groups: measures by field and group.
    """

    names: list[str]
    matrix: Matrix | None
    aggregates: dict[str, Measures]
    groups: dict[str, dict[str, Measures]]

    def read_matrix(self) -> Matrix:
        """The values of all numeric fields, which are measured where a field asks for them."""
        assert self.matrix is not None
        return self.matrix


def _measure(training: _Training, rows: int) -> _Measured:
    """Measure what the fields of a step need."""
    fields = training.fields
    names, matrix = list[str](), None
    if _needs_matrix(fields, training.step):
        names, matrix = _matrix(training)
    aggregates = _aggregate_long(training) if rows > SORTED else _aggregate(training, fields)
    groups = {name: _aggregate_groups(training, name) for name in fields}
    return _Measured(names, matrix, aggregates, groups)


def _fit_detector(name: str, detector: OutlierDetector, measured: _Measured) -> DetectorFacts:
    """The bounds of a field's outlier detector, and those of each group that has bounds."""
    if detector.matrix:
        return detector.fit(name, measured.names, measured.read_matrix())
    bounds = _fit_bounds(detector, measured.aggregates.get(name, {}))
    if not bounds:
        return {}
    known = DetectorFacts(low=bounds["low"], high=bounds["high"])
    groups = measured.groups[name]
    if groups:
        known["groups"] = {}
    for group, values in groups.items():
        ends = _fit_bounds(detector, values)
        if ends:
            known["groups"][group] = ends
    return known


def _fit_bounds(detector: OutlierDetector, measures: Measures) -> Bounds | None:
    """Bounds from measures that are numbers; None where there are none."""
    numbers: dict[str, float | None] = {}
    for name, value in measures.items():
        numbers[name] = None if value is None else float(value)
    return detector.fit_bounds(numbers)


def _fit_imputer(name: str, field: FieldKind, measured: _Measured) -> ImputerFacts:
    """What a field's imputer puts in the place of missing values."""
    whole = field.ibis_type == "int64"
    if field.missing.matrix:
        return field.missing.fit(name, measured.names, measured.read_matrix(), whole)
    by_group = {group: values["fill"] for group, values in measured.groups[name].items()}
    return field.missing.facts(measured.aggregates.get(name, {}).get("fill"), by_group, whole)


def _aggregate(training: _Training, names: Iterable[str]) -> dict[str, Measures]:
    """The aggregates of some fields, all by one query."""
    query, order = recipe.aggregate_all(
        names, training.fields, training.table, training.facts, training.step
    )
    found: dict[str, Measures] = {}
    if query:
        row = read_row(training.con, query)
        for (name, key), value in zip(order, row, strict=True):
            found.setdefault(name, {})[key] = _as_json(value)
    return found


def _aggregate_long(training: _Training) -> dict[str, Measures]:
    """The same for a long table: quantiles one field at a time, in bounded memory."""
    found: dict[str, Measures] = {}
    others: list[str] = []
    for name, field in training.fields.items():
        wanted = _quantiles_of(field, training.step)
        if not wanted or field.ibis_type not in recipe.NUMERIC:
            others.append(name)
            continue
        found[name] = _read_quantiles(training, name, wanted)
    return found | _aggregate(training, others)


def _read_quantiles(training: _Training, name: str, wanted: Mapping[str, float]) -> Measures:
    """Quantiles of one field by name, each None where the field has no value."""
    rows = training.rows()
    source = f"({ibis_sql.to_sql(rows.select(x=training.column(rows, name)))})"
    values = quantiles(training.con, "x", source, [float(v) for v in wanted.values()])
    if not values:
        return dict.fromkeys(wanted)
    return dict(zip(wanted, values, strict=True))


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


def _aggregate_groups(training: _Training, name: str) -> dict[str, Measures]:
    """The aggregates of a field for each value of its `by`.

    Raises:
        ConfigValueError: there are more than `MOST_GROUPS` values.
    """
    query, order = recipe.aggregate_groups(
        training.fields, name, training.table, training.facts, training.step
    )
    if not query:
        return {}
    rows = read_rows(training.con, f"select * from ({query}) order by _g limit {MOST_GROUPS + 1}")
    if len(rows) > MOST_GROUPS:
        raise ConfigValueError(
            f"fields.{name}",
            Message("data.too_many_groups", most=MOST_GROUPS),
            Message("data.field_of_fewer_values"),
        )
    found: dict[str, Measures] = {}
    for group, *values in rows:
        found[str(group)] = dict(zip(order, map(_as_json, values), strict=True))
    return found


def _matrix(training: _Training) -> tuple[list[str], Matrix]:
    """The numeric fields of the training rows, and their values as an array [rows, fields], nan
    where missing; a seeded share of the rows where they are many.
    """
    import numpy as np

    con, rows = training.con, training.rows()
    names = _list_shown_numbers(training.fields)
    columns = {f"m{i}": training.column(rows, name).cast("float64") for i, name in enumerate(names)}
    every = max(1, count_rows(con, f"({ibis_sql.to_sql(rows)})") // MOST_MATRIX)
    chosen = (
        f"select * from ({ibis_sql.to_sql(rows.select(**columns))}) where"
        f" hash({', '.join(columns)}) % {every} = 0 order by all"
    )
    found: pa.Table = con.sql(chosen).to_arrow_table()
    arrays: list[Matrix] = []
    for column in columns:
        arrays.append(np.asarray(found.column(column).to_numpy(zero_copy_only=False), dtype=float))
    return names, np.column_stack(arrays)


def _list_shown_numbers(fields: recipe.Fields) -> list[str]:
    """The numeric fields that are not private."""
    return [n for n, f in fields.items() if f.ibis_type in recipe.NUMERIC and not f.private]


def _as_json(value: object) -> FillValue | None:
    """A measure as JSON holds it."""
    from datetime import date
    from decimal import Decimal

    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return cast("FillValue | None", value)
