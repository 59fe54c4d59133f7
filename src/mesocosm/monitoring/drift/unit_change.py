"""Whether numbers came in another unit: all of them, or a part. Knows distributions; diagnoses
nothing else.

A unit is named only where it fits: undone, the live numbers must look like the training ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstwobign

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.monitoring.drift.unit_factors import FACTORS, OFFSETS, RARE

Array = NDArray[np.float64]
Side = Literal["left", "right"]
NEAR = 2.6  # standard errors of the growth at the median within which a known factor lies
FAR = 0.5  # how large a factor of no known unit is at least, as a logarithm
WHOLE = 0.93  # the share of the rows from which a change is of all
LEAST_PART = 0.1  # the share of the rows that a unit of a part has at least
# how large a factor of a part is at least, as a logarithm, where the field declares no unit
LEAST_OF_PART = 0.6
AS_WELL = 0.01  # of the distance: changes nearer than this fit as well
LEAST = 20  # live numbers under which nothing is concluded
SUPPORT = 60  # different training numbers up to which they are discrete
FITS = 0.002  # the p-value over which what is undone looks like the training numbers
FITS_UNKNOWN = 0.05  # the same for a factor of no known unit, or of a part of the rows
# or: what is left of the distance, as a share and as it is; of many rows a test finds differences
# that do not matter
CLOSE_SHARE, CLOSE = 0.25, 0.08
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


def _share_below(points: Array, at: Array, side: Side) -> Array:
    found: Array = np.searchsorted(points, at, side=side) / len(points)
    return found


class _Reference:
    """Training numbers by their quantiles; where a recipe clipped them to outlier bounds (`clip`),
    only what lies within them is compared with numbers as they came.
    """

    def __init__(self, known: TrainingColumn) -> None:
        self.points: Array = np.sort(np.asarray(known["numbers"], dtype=np.float64))
        self.low, self.high = map(float, known.get("clip") or (-np.inf, np.inf))
        self.inside: Array = self.points
        if "clip" in known:
            self.inside = self.points[(self.points > self.low) & (self.points < self.high)]
        self.rows = float(known["rows"])
        self.support = np.unique(self.points)

    def share(self, at: Array, side: Side = "right") -> Array:
        return _share_below(self.points, at, side)

    def undo(self, live: Array, times: float, plus: float) -> Array:
        """Live numbers undone, and clipped as the training numbers were."""
        found: Array = np.clip((live - plus) / times, self.low, self.high)
        return found


@dataclass(frozen=True)
class _Search:
    """Live numbers, and what they are compared with.

    Args:
        start: the distance of the live numbers as they are.
        growth: by which factor all numbers grew; 0 where not all are positive.
        error: its standard error, as a logarithm.
    """

    base: _Reference
    live: Array
    start: float
    growth: float
    error: float

    def left(self, times: float, plus: float, share: float) -> float:
        """The distance that is left when a change is undone."""
        return _distance(self.base, self.live, times, plus, share)

    def change(self, candidate: tuple[float, float, str], share: float, left: float) -> UnitChange:
        times, plus, named = candidate
        fit = round(_p_value(self.base, self.live, left), 4)
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
    base, live = _Reference(known), np.sort(np.asarray(values, dtype=np.float64))
    if len(live) < LEAST or len(base.support) < 5 or not np.isfinite(live).all():
        return None
    search = _Search(base, live, _distance(base, live, 1.0, 0.0, 0.0), *_growth(base, live))
    return _search_units(search, unit)


def _search_units(search: _Search, unit: str | None) -> UnitChange | None:
    """The unit of all rows, a factor of no known unit, or the unit of a part, in this order."""
    tried = _candidates(unit, _spread_between(search.base.points, 0.25, 0.75))
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


def _spread_between(points: Array, low: float, high: float) -> float:
    """How far two quantiles of numbers lie apart."""
    return float(np.quantile(points, high) - np.quantile(points, low))


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
        if _fits(base, live, left, search.start, FITS) and _looks_known(base, live, times, plus):
            score = _score(base, live, times, plus, left)
            found.append((score, search.change(candidate, 1.0, left)))
    return found


def _grew_otherwise(search: _Search, times: float) -> bool:
    """Whether the numbers grew by another factor than this one."""
    if not search.growth:
        return False
    return abs(math.log(times / search.growth)) > NEAR * search.error


def _looks_known(base: _Reference, live: Array, times: float, plus: float) -> bool:
    """Whether live numbers, undone, are training values where those are discrete, and spread as
    wide where they are not.
    """
    undone = base.undo(live, times, plus)
    if _is_discrete(base):
        return _share_known(base, undone) > 0.6
    return bool(_as_wide(base, undone))


def _grew_a_little(search: _Search) -> bool:
    if not search.growth or abs(math.log(search.growth)) >= FAR:
        return False
    left = search.left(search.growth, 0.0, 1.0)
    return _p_value(search.base, search.live, left) > FITS_UNKNOWN


def _find_of_a_part(
    search: _Search, tried: Sequence[tuple[float, float, str]], unit: str | None
) -> list[tuple[float, UnitChange]]:
    """Changes that explain a part of the rows, with their scores."""
    base, live, found = search.base, search.live, []
    for candidate in tried:
        times, plus, _ = candidate
        part = _estimate_share(base, live, times, plus)
        left = search.left(times, plus, part)
        if not LEAST_PART <= part <= WHOLE or left >= 0.4 * search.start:
            continue
        if not unit and not _is_large(times, plus):
            continue
        if _fits(base, live, left, search.start, FITS_UNKNOWN):
            score = _score(base, live, times, plus, left)
            found.append((score, search.change(candidate, round(part, 2), left)))
    return found


def _is_large(times: float, plus: float) -> bool:
    """Whether a change is so large that a part of the rows shows it where no unit is declared."""
    return bool(plus) or abs(math.log(times)) > LEAST_OF_PART


def _growth(base: _Reference, live: Array) -> tuple[float, float]:
    """By which factor all numbers grew, at the median, and its standard error as a logarithm; 0
    where not all are positive.

    >>> base = _Reference({"numbers": [1000 * 1.02**i for i in range(200)], "rows": 800})
    >>> growth, error = _growth(base, np.array([1500 * 1.02**i for i in range(200)]))
    >>> round(growth, 2), error < 0.2
    (1.5, True)
    """
    if base.points[0] <= 0 or live[0] <= 0:
        return 0.0, 0.0
    before, now = np.log(np.quantile(base.points, QUANTILES)), np.log(np.quantile(live, QUANTILES))
    deviation = _spread_between(np.log(live), 0.25, 0.75) / 1.349
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


def _candidates(unit: str | None, wide: float) -> list[tuple[float, float, str]]:
    """The changes to try: a factor, an offset and the name of each.

    Args:
        unit: what the field declares.
        wide: the interquartile range of the training numbers.
    """
    words: set[str] = set()
    # where no unit is declared, numbers that grew a little are in no other unit
    least, narrow = FAR, 0.5
    if unit:
        words = {unit, *unit.replace("/", " ").split()}
        least, narrow = 0.0, 0.2
    tried = _list_factors(words, least)
    for times, plus, named, units in OFFSETS:
        if _is_possible(words, units) and abs(plus) > narrow * wide:
            tried.append((times, plus, named))
    return tried


def _list_factors(words: set[str], least: float) -> list[tuple[float, float, str]]:
    """The factors to try, both ways; rare ones only where the field declares one of their units."""
    rare = [factor for factor in RARE if words & set(factor[2].split())]
    tried: list[tuple[float, float, str]] = []
    for factor, named, units in [*FACTORS, *rare]:
        if _is_possible(words, units) and math.log(factor) >= least:
            tried += [(factor, 0.0, named), (factor**-1, 0.0, named)]
    return tried


def _is_possible(words: set[str], units: str) -> bool:
    """Whether a change between units may happen to a field that declares these words."""
    return not words or not units or bool(words & set(units.split()))


def _as_wide(base: _Reference, undone: Array) -> bool:
    """Whether undone numbers spread as the training ones do: a part of the rows, such as the upper
    half, is no other unit.
    """
    before, now = base.points, undone
    if before[0] > 0 and now.min() > 0:
        before, now = np.log(before), np.log(now)
    ours, theirs = _spread_between(before, 0.15, 0.85), _spread_between(now, 0.15, 0.85)
    if ours <= 0 or theirs <= 0:
        return ours <= 0
    return abs(math.log(theirs / ours)) < max(0.08, 3.0 / math.sqrt(len(now)))


def _distance(base: _Reference, live: Array, times: float, plus: float, share: float) -> float:
    """The largest gap between the live numbers and training numbers of which a share came in
    another unit.
    """
    at = _points(base, times, plus, share)
    if not len(at):
        return 1.0
    worst = 0.0
    sides: tuple[Side, Side] = ("left", "right")
    for side in sides:
        ours = (1 - share) * base.share(at, side)
        if share:
            ours = ours + share * base.share((at - plus) / times + _nudge(base, side), side)
        theirs = _share_below(live, at + _nudge(base, side), side)
        worst = max(worst, float(np.abs(ours - theirs).max()))
    return max(0.0, worst - 1 / len(base.points))


def _points(base: _Reference, times: float, plus: float, share: float) -> Array:
    """Where distributions are compared: at the training numbers, as they were and in another unit,
    as far as clipping hides neither part there.
    """
    at = base.inside
    if share:
        at = np.concatenate([base.inside, times * base.inside + plus])
    undone = (at - plus) / times
    visible = np.ones(len(at), bool)
    if share:
        visible &= (undone > base.low) & (undone < base.high)
    if share < 1:
        visible &= (at > base.low) & (at < base.high)
    found: Array = at[visible]
    return found


def _nudge(base: _Reference, side: Side) -> float:
    """So little that what was rounded by arithmetic is still equal."""
    sign = 1e-9 if side == "right" else -1e-9
    return sign * float(np.abs(base.points).max() or 1.0)


def _estimate_share(base: _Reference, live: Array, times: float, plus: float) -> float:
    """The share of the rows in another unit that explains the live numbers best, by least
    squares.
    """
    at = _points(base, times, plus, 0.5)
    if not len(at):
        return 0.0
    usual = base.share(at)
    moved = base.share((at - plus) / times + _nudge(base, "right")) - usual
    gap = np.searchsorted(live, at + _nudge(base, "right"), side="right") / len(live) - usual
    return float(np.clip((gap * moved).sum() / max(1e-12, (moved * moved).sum()), 0.0, 1.0))


def _p_value(base: _Reference, live: Array, distance: float) -> float:
    return float(kstwobign.sf(distance * np.sqrt(base.rows * len(live) / (base.rows + len(live)))))


def _fits(base: _Reference, live: Array, left: float, start: float, level: float) -> bool:
    if left >= 0.5 * start:
        return False
    return _p_value(base, live, left) > level or left < min(CLOSE_SHARE * start, CLOSE)


def _is_discrete(base: _Reference) -> bool:
    """Whether the training numbers are a few whole numbers."""
    return len(base.support) <= SUPPORT and _all_whole(base)


def _all_whole(base: _Reference) -> bool:
    return bool((base.points == np.round(base.points)).all())


def _share_known(base: _Reference, values: Array) -> float:
    at = np.searchsorted(base.support, values).clip(1, len(base.support) - 1)
    near = np.minimum(np.abs(values - base.support[at - 1]), np.abs(values - base.support[at]))
    return float((near <= 0.02 * np.maximum(1.0, np.abs(values))).mean())


def _score(base: _Reference, live: Array, times: float, plus: float, left: float) -> float:
    """How well a change fits: of two that are near each other the one that gives numbers that
    training knows, then the one with less left.
    """
    exact = 0.0
    if len(base.support) <= SUPPORT or _all_whole(base):
        exact = _share_known(base, base.undo(live, times, plus))
    return round(exact, 1) - left


def _find_unknown_factor(base: _Reference, live: Array, start: float) -> UnitChange | None:
    """A constant factor of no known unit, where the whole distribution is rescaled by it."""
    before, now = np.quantile(base.points, QUANTILES), np.quantile(live, QUANTILES)
    used = (np.abs(before) > 1e-12) & (before * now > 0)
    if used.sum() < 20:
        return None
    logs = np.log(now[used] / before[used])
    middle = float(np.median(logs))
    spread = _spread_between(np.log(np.abs(before[used])), 0.1, 0.9)
    if abs(middle) < FAR or spread < 0.2:
        return None
    times = float(np.exp(middle))
    left = _distance(base, live, times, 0.0, 1.0)
    if not _fits(base, live, left, start, FITS_UNKNOWN):
        return None
    if not _looks_known(base, live, times, 0.0):
        return None
    return UnitChange(times, 0.0, 1.0, "", round(_p_value(base, live, left), 4))
