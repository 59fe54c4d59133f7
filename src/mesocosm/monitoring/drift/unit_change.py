"""Whether numbers came in another unit: all of them, or a part. Knows distributions; diagnoses
nothing else.

A unit is named only where it fits: undone, the live numbers must look like the training ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.monitoring.drift.units.comparison import (
    Array,
    Reference,
    estimate_share,
    find_p_value,
    fits,
    looks_known,
    measure_distance,
    measure_spread,
    score_change,
)
from mesocosm.monitoring.drift.units.factors import FAR, list_candidates

NEAR = 2.6  # standard errors of the growth at the median within which a known factor lies
WHOLE = 0.93  # the share of the rows from which a change is of all
LEAST_PART = 0.1  # the share of the rows that a unit of a part has at least
# how large a factor of a part is at least, as a logarithm, where the field declares no unit
LEAST_OF_PART = 0.6
AS_WELL = 0.01  # of the distance: changes nearer than this fit as well
LEAST = 20  # live numbers under which nothing is concluded
FITS = 0.002  # the p-value over which what is undone looks like the training numbers
FITS_UNKNOWN = 0.05  # the same for a factor of no known unit, or of a part of the rows
QUANTILES = np.linspace(0.05, 0.95, 37)  # at which two distributions are compared


@dataclass(frozen=True)
class UnitChange:
    """A change of unit: live numbers are `times` the usual ones plus `plus`, in a `share` of the
    rows.

    `named` is between which units, empty where the factor is of none that is known. `fit` is the
    p-value of what is left when it is undone.
    """

    times: float
    plus: float
    share: float
    named: str
    fit: float

    def undo(self, value: float) -> float:
        """What the number would have been in the usual unit."""
        return (value - self.plus) / self.times


@dataclass(frozen=True)
class _Search:
    """Live numbers, and what they are compared with.

    Args:
        start: the distance of the live numbers as they are.
        growth: by which factor all numbers grew; 0 where not all are positive.
        error: its standard error, as a logarithm.
    """

    base: Reference
    live: Array
    start: float
    growth: float
    error: float

    def left(self, times: float, plus: float, share: float) -> float:
        """The distance that is left when a change is undone."""
        return measure_distance(self.base, self.live, times, plus, share)

    def change(self, candidate: tuple[float, float, str], share: float, left: float) -> UnitChange:
        times, plus, named = candidate
        fit = round(find_p_value(self.base, self.live, left), 4)
        return UnitChange(times, plus, share, named, fit)


def find_unit(
    known: TrainingColumn, values: Sequence[float], unit: str | None = None
) -> UnitChange | None:
    """Find the unit in which live numbers came, where one explains how they differ from the
    training numbers.

    Args:
        known: quantiles of the training numbers (`numbers`) and of how many `rows`.
        values: live numbers, without what is missing.
        unit: what the field declares; only what can happen to it is tried then.

    >>> train = {"numbers": [1000 * 1.02**i for i in range(200)], "rows": 2000}
    >>> find_unit(train, [1000 * 1.02**i / 1.95583 for i in range(200)], "DM").named
    'DM given as EUR or the other way'
    >>> find_unit(train, [1000 * 1.02**i + 900 for i in range(200)]) is None
    True
    """
    base, live = Reference(known), np.sort(np.asarray(values, dtype=np.float64))
    if len(live) < LEAST or len(base.support) < 5 or not np.isfinite(live).all():
        return None
    search = _Search(base, live, measure_distance(base, live, 1.0, 0.0, 0.0), *_growth(base, live))
    return _search_units(search, unit)


def _search_units(search: _Search, unit: str | None) -> UnitChange | None:
    """The unit of all rows, a factor of no known unit, or the unit of a part, in this order."""
    tried = list_candidates(unit, measure_spread(search.base.points, 0.25, 0.75))
    found = _find_of_all_rows(search, tried)
    if found:
        return _select_best(found)
    unknown = _find_unknown_factor(search.base, search.live, search.start)
    if unknown:
        return unknown
    if _grew_a_little(search):
        # all numbers grew a little, or a part came in another unit: these rows do not show which
        return None
    found = _find_of_a_part(search, tried, unit)
    if not found:
        return None
    return _select_best(found)


def _find_of_all_rows(
    search: _Search, tried: Sequence[tuple[float, float, str]]
) -> list[tuple[float, UnitChange]]:
    """Changes that explain all rows, with their scores."""
    base, live, found = search.base, search.live, []
    for candidate in tried:
        times, plus, _ = candidate
        if not plus and _grew_otherwise(search, times):
            continue
        left = search.left(times, plus, 1.0)
        if fits(base, live, left, search.start, FITS) and looks_known(base, live, times, plus):
            score = score_change(base, live, times, plus, left)
            found.append((score, search.change(candidate, 1.0, left)))
    return found


def _grew_otherwise(search: _Search, times: float) -> bool:
    """Whether the numbers grew by another factor than this one."""
    if not search.growth:
        return False
    return abs(math.log(times / search.growth)) > NEAR * search.error


def _grew_a_little(search: _Search) -> bool:
    if not search.growth or abs(math.log(search.growth)) >= FAR:
        return False
    left = search.left(search.growth, 0.0, 1.0)
    return find_p_value(search.base, search.live, left) > FITS_UNKNOWN


def _find_of_a_part(
    search: _Search, tried: Sequence[tuple[float, float, str]], unit: str | None
) -> list[tuple[float, UnitChange]]:
    """Changes that explain a part of the rows, with their scores."""
    base, live, found = search.base, search.live, []
    for candidate in tried:
        times, plus, _ = candidate
        part = estimate_share(base, live, times, plus)
        left = search.left(times, plus, part)
        if not LEAST_PART <= part <= WHOLE or left >= 0.4 * search.start:
            continue
        if not unit and not _is_large(times, plus):
            continue
        if fits(base, live, left, search.start, FITS_UNKNOWN):
            score = score_change(base, live, times, plus, left)
            found.append((score, search.change(candidate, round(part, 2), left)))
    return found


def _is_large(times: float, plus: float) -> bool:
    """Whether a change is so large that a part of the rows shows it where no unit is declared."""
    return bool(plus) or abs(math.log(times)) > LEAST_OF_PART


def _growth(base: Reference, live: Array) -> tuple[float, float]:
    """By which factor all numbers grew, at the median, and its standard error as a logarithm; 0
    where not all are positive.

    >>> base = Reference({"numbers": [1000 * 1.02**i for i in range(200)], "rows": 800})
    >>> growth, error = _growth(base, np.array([1500 * 1.02**i for i in range(200)]))
    >>> round(growth, 2), error < 0.2
    (1.5, True)
    """
    if base.points[0] <= 0 or live[0] <= 0:
        return 0.0, 0.0
    before, now = np.log(np.quantile(base.points, QUANTILES)), np.log(np.quantile(live, QUANTILES))
    deviation = measure_spread(np.log(live), 0.25, 0.75) / 1.349
    error = 1.2533 * deviation * float(np.sqrt(1 / len(live) + 1 / base.rows))
    return float(np.exp(np.median(now - before))), max(0.03, error)


def _select_best(found: list[tuple[float, UnitChange]]) -> UnitChange:
    """The change that fits best; `named` has those too that fit as well, since which it is is not
    known then.
    """
    best, change = max(found, key=lambda f: f[0])
    others = {
        f"{c.named} ({c.times:.4g})"
        for score, c in found
        if c.named != change.named and score > best - AS_WELL
    }
    if not others:
        return change
    return replace(change, named=f"{change.named}; {', '.join(sorted(others))} fit as well")


def _find_unknown_factor(base: Reference, live: Array, start: float) -> UnitChange | None:
    """A constant factor of no known unit, where the whole distribution is rescaled by it."""
    before, now = np.quantile(base.points, QUANTILES), np.quantile(live, QUANTILES)
    used = (np.abs(before) > 1e-12) & (before * now > 0)
    if used.sum() < 20:
        return None
    logs = np.log(now[used] / before[used])
    middle = float(np.median(logs))
    spread = measure_spread(np.log(np.abs(before[used])), 0.1, 0.9)
    if abs(middle) < FAR or spread < 0.2:
        return None
    times = float(np.exp(middle))
    left = measure_distance(base, live, times, 0.0, 1.0)
    if not fits(base, live, left, start, FITS_UNKNOWN):
        return None
    if not looks_known(base, live, times, 0.0):
        return None
    return UnitChange(times, 0.0, 1.0, "", round(find_p_value(base, live, left), 4))
