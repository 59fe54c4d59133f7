"""What other columns say of a cell: the values that stand beside it, and the numbers expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mesocosm.data.cleaning.learned_errors.text_table import Floats, Ints, TextColumn, TextTable

MOST_VALUES = 1_500_000  # cells of a table of two columns' values
STRONGEST = 3  # determinants that vote
GROUP, WHOLE = 5, 0.8  # rows of a group, and the share of them that would change
FEW_VALUES = 30  # of a column that explains numbers


@dataclass
class Votes:
    """What one column says of another, row by row; a row's own cell does not count.

    Args:
        strength: how much better it says than the commonest value would.
        own: the share of the group, without the row, that has the row's value.
        best: the share that has the group's commonest value.
        value: the code of that value.
        size: how many other rows the group has.
    """

    name: str
    strength: float
    own: Floats
    best: Floats
    value: Ints
    size: Floats


def count_votes(table: TextTable, name: str) -> list[Votes]:
    """What every other column says of one, the strongest first."""
    target = table.columns[name]
    found = []
    for other, column in table.columns.items():
        if other != name:
            votes = _count_pair(column, target, other)
            if votes is not None:
                found.append(votes)
    return sorted(found, key=lambda v: -v.strength)


def _count_pair(given: TextColumn, target: TextColumn, name: str) -> Votes | None:
    groups, values = len(given.values), len(target.values)
    if groups == len(given.codes) or groups * values > MOST_VALUES or values < 2:
        return None
    joint = np.bincount(given.codes * values + target.codes, minlength=groups * values)
    joint = joint.reshape(groups, values)
    told = joint * ~target.gaps  # a gap is no vote
    first = told.argmax(axis=1)
    peak = told[np.arange(groups), first]
    rest = told.copy()
    rest[np.arange(groups), first] = 0
    second, runner = rest.argmax(axis=1), rest.max(axis=1)
    g, v = given.codes, target.codes
    mine = ~target.gaps[v]
    size = (told.sum(axis=1)[g] - mine).astype(np.float64)
    own = (joint[g, v] - 1) * mine
    is_first = (first[g] == v) & mine
    loses = is_first & (runner[g] > peak[g] - 1)
    best = np.where(is_first, np.maximum(peak[g] - 1, runner[g]), peak[g])
    value = np.where(loses, second[g], first[g])
    some = size > 0
    scale = np.maximum(size, 1)
    prior = float(target.counts.max() / target.counts.sum())
    if some.sum() < 0.1 * len(g):
        return None
    agreed = float(own[some & mine].sum() / max(1.0, size[some & mine].sum()))
    agreed = float((own / scale)[some & mine].mean()) if agreed >= 0 else 0.0
    strength = max(0.0, (agreed - prior) / max(1e-6, 1 - prior)) * float(some.mean())
    return Votes(
        name,
        strength,
        np.where(some, own / scale, np.nan),
        np.where(some, best / scale, np.nan),
        value,
        size,
    )


def add_votes(votes: list[Votes], rows: int) -> Floats:
    """Features of each row: the margins of the strongest, and all margins by strength."""
    parts: list[Floats | float] = []
    total, weight = np.zeros(rows), np.zeros(rows)
    for place in range(STRONGEST):
        if place < len(votes):
            v = votes[place]
            parts += [np.nan_to_num(v.own - v.best, nan=0.5), np.log1p(v.size), v.strength]
        else:
            parts += [0.5, 0.0, 0.0]
    for v in votes:
        known = ~np.isnan(v.own)
        total += np.where(known, np.nan_to_num(v.own - v.best) * v.strength, 0.0)
        weight += known * v.strength
    parts += [total, total / np.maximum(weight, 1e-6)]
    return np.stack([np.broadcast_to(p, rows) for p in parts], axis=1)


def expect_numbers(table: TextTable) -> dict[str, Floats]:
    """The number that other columns, and the rows around, say of each numeric cell."""
    explaining = {n: _standardise(c) for n, c in table.columns.items() if c.is_numeric}
    classes = {
        n: np.eye(len(c.values))[c.codes]
        for n, c in table.columns.items()
        if not c.is_numeric and 1 < len(c.values) <= FEW_VALUES
    }
    found = {}
    for name, (values, middle, spread) in explaining.items():
        others = [v[0][:, None] for n, v in explaining.items() if n != name]
        parts = [*others, *classes.values(), _neighbours(values)]
        found[name] = _ridge(np.concatenate(parts, axis=1), values) * spread + middle
    return found


def _standardise(column: TextColumn) -> tuple[Floats, float, float]:
    values = column.row_numbers
    middle = float(np.nanmedian(values)) if not np.isnan(values).all() else 0.0
    low, high = np.nanpercentile(values, (15, 85)) if not np.isnan(values).all() else (0.0, 1.0)
    spread = float(high - low) / 2 or 1.0
    filled = np.nan_to_num((values - middle) / spread, nan=0.0)
    return np.clip(filled, -4, 4), middle, spread


def _neighbours(values: Floats) -> Floats:
    padded = np.pad(values, 2, mode="edge")
    rows = len(values)
    around = np.stack([padded[i : i + rows] for i in (0, 1, 3, 4)], axis=1)
    return np.stack([np.median(around, axis=1), around[:, 1], around[:, 2]], axis=1)


def _ridge(x: Floats, y: Floats) -> Floats:
    """Fitted twice: the rows far off the first time do not count the second."""
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    weight = np.ones(len(y))
    fitted = y
    for _ in range(3):
        weighed = x * weight[:, None]
        fitted = x @ np.linalg.solve(weighed.T @ x + 0.3 * np.eye(x.shape[1]), weighed.T @ y)
        off = np.abs(y - fitted)
        weight = (off <= 3 * max(1e-9, float(np.median(off)) * 1.48)).astype(np.float64)
    return fitted


def find_whole_groups(table: TextTable, name: str, changed: Ints) -> set[int]:
    """The changed rows that are nearly all rows with some value of another column: such rows are a
    population of their own and no errors.
    """
    found: set[int] = set()
    marks = np.zeros(table.rows)
    marks[changed] = 1
    for other, column in table.columns.items():
        if other != name:
            among = np.bincount(column.codes, weights=marks, minlength=len(column.values))
            whole = (column.counts >= GROUP) & (among >= WHOLE * column.counts) & ~column.gaps
            found |= set(changed[whole[column.codes[changed]]].tolist())
    return found
