"""The features of every cell, from detectors of many kinds: one row of numbers a cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mesocosm.data.cleaning.learned_errors.dependencies import (
    Votes,
    add_votes,
    count_votes,
    expect_numbers,
)
from mesocosm.data.cleaning.learned_errors.text_edits import UNIT_FACTORS
from mesocosm.data.cleaning.learned_errors.text_table import Floats, TextColumn, TextTable
from mesocosm.data.cleaning.learned_errors.value_features import ColumnModel

FAR, NEAR = 5.0, 2.0  # usual distances from the expected number


@dataclass
class Evidence:
    """All that the detectors know of a table.

    Args:
        features: by column, a row for each cell.
        off: by numeric column, how far each number is from the expected one, in usual distances.
        usual: by numeric column, that distance.
        factors: by numeric column, what share of the far numbers each unit's factor explains.
    """

    table: TextTable
    models: dict[str, ColumnModel]
    votes: dict[str, list[Votes]]
    expected: dict[str, Floats]
    off: dict[str, Floats]
    usual: dict[str, float]
    factors: dict[str, Floats]
    features: dict[str, Floats]


def measure_cells(table: TextTable) -> Evidence:
    """Run every detector on every cell."""
    models = {name: ColumnModel(column) for name, column in table.columns.items()}
    votes = {name: count_votes(table, name) for name in table.columns}
    expected = expect_numbers(table)
    found = Evidence(table, models, votes, expected, {}, {}, {}, {})
    for name, column in table.columns.items():
        by_value = models[name].measure(table.rows)[column.codes]
        parts = (
            by_value,
            add_votes(votes[name], table.rows),
            _measure_numbers(found, name, column),
            _measure_places(table, name, column),
        )
        found.features[name] = np.concatenate(parts, axis=1)
    return found


def _measure_numbers(found: Evidence, name: str, column: TextColumn) -> Floats:
    """How far a number is from what the others say, in distances usual in the column and as a
    ratio.
    """
    rows = found.table.rows
    if name not in found.expected:
        return np.tile(np.array([-1.0, 0.0, 0.0, 0.0]), (rows, 1))
    numbers, expected = column.row_numbers, found.expected[name]
    far = np.abs(numbers - expected)
    usual = float(np.nanmedian(far)) if not np.isnan(far).all() else 1.0
    usual = max(usual, 1e-6 * abs(found.models[name].spread), 1e-12)
    found.usual[name] = usual
    found.off[name] = np.nan_to_num(np.minimum(far / usual, 1e6), nan=-1.0)
    found.factors[name] = _explain_factors(numbers, expected, usual)
    ratio = np.log10((np.abs(numbers) + 1e-9) / (np.abs(expected) + 1e-9))
    sure = np.full(rows, usual / found.models[name].spread)
    explained = _explain_rows(found, name, numbers, expected)
    return np.stack([found.off[name], np.nan_to_num(ratio), sure, explained], axis=1)


def _explain_factors(numbers: Floats, expected: Floats, usual: float) -> Floats:
    """The share of the far numbers that a division by each factor brings near."""
    far = np.abs(numbers - expected) > FAR * usual
    if far.sum() < 1:
        return np.zeros(len(UNIT_FACTORS))
    made = numbers[far][None, :] / np.array(UNIT_FACTORS)[:, None]
    near = np.abs(made - expected[far][None, :]) <= NEAR * usual
    shares: Floats = near.mean(axis=1)
    return shares


def _explain_rows(found: Evidence, name: str, numbers: Floats, expected: Floats) -> Floats:
    """The best share of those factors that bring a row's number near."""
    usual = found.usual[name]
    far = np.abs(numbers - expected) > FAR * usual
    best = np.zeros(len(numbers))
    for factor, share in zip(UNIT_FACTORS, found.factors[name], strict=True):
        near = far & (np.abs(numbers / factor - expected) <= NEAR * usual)
        best = np.where(near, np.maximum(best, share), best)
    return np.asarray(best, np.float64)


def _measure_places(table: TextTable, name: str, column: TextColumn) -> Floats:
    """Whether the value is at home in another column, or stands in a cell beside it."""
    rows, names = table.rows, table.names
    home = np.zeros(len(column.values))
    own = (column.counts - 1) / rows
    for other in names:
        if other != name:
            there = table.columns[other]
            home = np.maximum(home, [there.count_of(v) / rows for v in column.values])
    at = names.index(name)
    beside = [
        _same(column, table.columns[names[i]]) if 0 <= i < len(names) else np.zeros(rows)
        for i in (at - 1, at + 1)
    ]
    above = np.zeros(rows)
    codes = column.codes
    if rows > 2:
        above[1:-1] = (codes[:-2] == codes[2:]) & (codes[1:-1] != codes[:-2])
    order = np.mean(codes[1:] == codes[:-1]) if rows > 1 else 0.0
    return np.stack([home[codes], own[codes], *beside, above, np.full(rows, order)], axis=1)


def _same(a: TextColumn, b: TextColumn) -> Floats:
    shared = np.array([b.places.get(v, -1) for v in a.values])
    alike: Floats = (shared[a.codes] == b.codes).astype(np.float64)
    return alike
