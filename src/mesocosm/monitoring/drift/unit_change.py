"""Whether numbers came in another unit: all of them, or a part. Knows distributions; judges nothing
else.

A unit is named only where it fits: undone, the live numbers must look like the training ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstwobign

Array = NDArray[np.float64]
FACTORS: tuple[
    tuple[float, str, str], ...
] = (  # a factor, what it is between, and words of the units it may happen to
    (1.95583, "DM given as EUR or the other way", "DM DEM EUR"),
    (2.20462, "kg and lb", "kg g t lb lbs oz"),
    (1.60934, "km and miles", "km m mi mile miles km/h mph"),
    (3.28084, "m and feet", "km m cm ft feet"),
    (2.54, "cm and inches", "m cm mm in inch inches"),
    (12.0, "months and years", "year years month months"),
    (30.0, "days and months", "day days month months"),
    (
        60.0,
        "minutes and hours, or seconds and minutes",
        "hour hours h minute minutes min second seconds s",
    ),
    (24.0, "hours and days", "day days hour hours h"),
    (7.0, "days and weeks", "week weeks day days"),
    (365.25, "days and years", "year years day days"),
    (3600.0, "seconds and hours", "hour hours h second seconds s"),
    (3.6, "m/s and km/h", "km/h m/s"),
    (10.0, "tens", ""),
    (100.0, "hundreds: cents, percent or centimetres", ""),
    (1000.0, "thousands", ""),
    (10_000.0, "ten thousands", ""),
    (1_000_000.0, "millions", ""),
)
RARE: tuple[
    tuple[float, str, str], ...
] = (  # those that are tried only where the field declares one of their units
    (28.3495, "g and oz", "kg g lb oz"),
    (453.592, "g and lb", "g lb lbs"),
    (10.7639, "m2 and square feet", "m2 m² sqft ft2"),
    (3.78541, "litres and gallons", "l L litre litres gal gallon gallons"),
    (4.184, "kcal and kJ", "kcal kJ cal J"),
    (52.18, "weeks and years", "year years week weeks"),
    (30.4375, "days and months", "day days month months"),
    (1.852, "knots and km/h", "knots kn km/h"),
    (7.50062, "kPa and mmHg", "kPa mmHg"),
    (6.89476, "kPa and psi", "kPa psi"),
    (18.0182, "mmol/L and mg/dL of glucose", "mmol/L mg/dL"),
    (38.67, "mmol/L and mg/dL of cholesterol", "mmol/L mg/dL"),
    (88.57, "mmol/L and mg/dL of triglycerides", "mmol/L mg/dL"),
    (88.42, "umol/L and mg/dL of creatinine", "umol/L µmol/L mg/dL"),
    (6.55957, "FRF and EUR", "FRF EUR"),
    (13.7603, "ATS and EUR", "ATS EUR"),
    (166.386, "ESP and EUR", "ESP EUR"),
    (1936.27, "ITL and EUR", "ITL EUR"),
)
OFFSETS: tuple[tuple[float, float, str, str], ...] = (  # live = times * before + plus
    (1.8, 32.0, "C given as F", "C F °C °F celsius fahrenheit"),
    (1 / 1.8, -32 / 1.8, "F given as C", "C F °C °F celsius fahrenheit"),
    (1.0, 273.15, "C given as K", "C K °C celsius kelvin"),
    (1.0, -273.15, "K given as C", "C K °C celsius kelvin"),
    (1.8, -459.67, "K given as F", "K F °F kelvin fahrenheit"),
    (1 / 1.8, 459.67 / 1.8, "F given as K", "K F °F kelvin fahrenheit"),
)
NEAR = 2.6  # standard errors of the growth at the median within which a known factor lies
FAR = 0.5  # how large a factor that nobody knows is at least, as a logarithm
WHOLE = 0.93  # the share of the rows from which a change is of all
LEAST_PART = 0.1  # the share of the rows that a unit of a part has at least
# how large a factor of a part is at least, as a logarithm, where the field declares no unit
LEAST_OF_PART = 0.6
AS_WELL = 0.01  # of the distance: changes nearer than this fit as well
LEAST = 20  # live numbers under which nothing is said
SUPPORT = 60  # different training numbers up to which each is one of a few
FITS, FITS_FREE = (
    0.002,
    0.05,
    # p-values over which what is undone looks like the training numbers; a factor that nobody knows
    # needs more
)
CLOSE = (
    0.25,
    0.08,
    # or: what is left of the distance, as a share and as it is; of many rows a test finds
    # differences that are none
)


@dataclass(frozen=True)
class UnitChange:
    """How live numbers came to be: `times` the usual ones plus `plus`, in a `share` of the rows.

    `named` says between which units, empty where the factor is none that is known. `fit` is the
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


class _Reference:
    """Training numbers by their quantiles; where a recipe clipped them to a fence (`clip`), only
    what lies within it is compared with numbers as they came.
    """

    def __init__(self, known: Mapping[str, Any]) -> None:
        self.points = np.sort(np.asarray(known["numbers"], dtype=float))
        self.low, self.high = map(float, known.get("clip") or (-np.inf, np.inf))
        self.inside = (
            self.points[(self.points > self.low) & (self.points < self.high)]
            if "clip" in known
            else self.points
        )
        self.rows = float(known["rows"])
        self.support = np.unique(self.points)

    def share(self, at: Array, side: str = "right") -> Array:
        found: Array = np.searchsorted(self.points, at, side=side) / len(self.points)  # type: ignore[call-overload]
        return found

    def undone(self, live: Array, times: float, plus: float) -> Array:
        """Live numbers undone, and clipped as the training numbers were."""
        found: Array = np.clip((live - plus) / times, self.low, self.high)
        return found


def find_unit(
    known: Mapping[str, Any], values: Sequence[float], unit: str | None = None
) -> UnitChange | None:
    """The unit in which live numbers came, where one explains how they differ from the training
    numbers.

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
    base, live = _Reference(known), np.sort(np.asarray(values, dtype=float))
    if len(live) < LEAST or len(base.support) < 5 or not np.isfinite(live).all():
        return None
    start = _distance(base, live, 1.0, 0.0, 0.0)
    found = []
    growth, error = _growth(base, live)
    tried = _candidates(unit, float(np.subtract(*np.quantile(base.points, [0.75, 0.25]))))
    for times, plus, named in tried:
        if growth and not plus and abs(np.log(times / growth)) > NEAR * error:
            continue  # the numbers grew by another factor
        whole = _distance(base, live, times, plus, 1.0)
        if (
            _fits(base, live, whole, start, FITS)
            and _values_match(base, live, times, plus)
            and (_is_discrete(base) or _as_wide(base, base.undone(live, times, plus)))
        ):
            found.append(
                (
                    _score(base, live, times, plus, whole),
                    UnitChange(times, plus, 1.0, named, round(_p_value(base, live, whole), 4)),
                )
            )
    if found:
        return _select_best(found)
    free = _find_unknown_factor(base, live, start)
    if free:
        return free
    if (
        growth
        and abs(np.log(growth)) < FAR
        and _p_value(base, live, _distance(base, live, growth, 0.0, 1.0)) > FITS_FREE
    ):
        # all numbers grew a little, or a part came in another unit: these rows do not tell which
        return None
    for times, plus, named in tried:
        part = _estimate_share(base, live, times, plus)
        left = _distance(base, live, times, plus, part)
        if (
            LEAST_PART <= part <= WHOLE
            and (abs(np.log(times)) > LEAST_OF_PART or plus or unit)
            and left < 0.4 * start
            and _fits(base, live, left, start, FITS_FREE)
        ):
            found.append(
                (
                    _score(base, live, times, plus, left),
                    UnitChange(
                        times, plus, round(part, 2), named, round(_p_value(base, live, left), 4)
                    ),
                )
            )
    return _select_best(found) if found else None


def _growth(base: _Reference, live: Array) -> tuple[float, float]:
    """By which factor all numbers grew, at the median, and its standard error as a logarithm; 0
    where not all are above nought.

    >>> growth, error = _growth(_Reference({"numbers": [1000 * 1.02**i for i in range(200)], "rows": 800}), np.array([1500 * 1.02**i for i in range(200)]))
    >>> round(growth, 2), error < 0.2
    (1.5, True)
    """
    if base.points[0] <= 0 or live[0] <= 0:
        return 0.0, 0.0
    at = np.linspace(0.05, 0.95, 37)
    before, now = np.log(np.quantile(base.points, at)), np.log(np.quantile(live, at))
    deviation = float(np.subtract(*np.quantile(np.log(live), [0.75, 0.25]))) / 1.349
    return float(np.exp(np.median(now - before))), max(
        0.03, 1.2533 * deviation * float(np.sqrt(1 / len(live) + 1 / base.rows))
    )


def _select_best(found: list[tuple[float, UnitChange]]) -> UnitChange:
    """The change that fits best; `named` has those too that fit as well, since which it is is not
    known then.
    """
    best, one = max(found, key=lambda f: f[0])
    others = sorted(
        {
            f"{c.named} ({c.times:.4g})"
            for score, c in found
            if c.named != one.named and score > best - AS_WELL
        }
    )
    return replace(one, named=f"{one.named}; {', '.join(others)} fit as well") if others else one


def _candidates(unit: str | None, wide: float) -> list[tuple[float, float, str]]:
    words = {unit, *unit.replace("/", " ").split()} if unit else set()

    def may(of: str) -> bool:
        return not words or not of or bool(words & set(of.split()))

    known = [*FACTORS, *(one for one in RARE if words & set(one[2].split()))]
    least, narrow = (
        (0.0, 0.2) if words else (FAR, 0.5)
    )  # where no unit is declared, numbers that grew a little are in no other unit
    factors = [
        (factor**sign, 0.0, named)
        for factor, named, of in known
        if may(of) and np.log(factor) >= least
        for sign in (1, -1)
    ]
    return [
        *factors,
        *(
            (times, plus, named)
            for times, plus, named, of in OFFSETS
            if may(of) and abs(plus) > narrow * wide
        ),
    ]


def _as_wide(base: _Reference, undone: Array) -> bool:
    """Whether undone numbers spread as the training ones do: a part of the rows, such as the upper
    half, is no other unit.
    """
    before, now = base.points, undone
    if before[0] > 0 and now.min() > 0:
        before, now = np.log(before), np.log(now)
    ours, theirs = (float(np.subtract(*np.quantile(x, [0.85, 0.15]))) for x in (before, now))
    return (
        ours <= 0 or theirs > 0 and abs(np.log(theirs / ours)) < max(0.08, 3.0 / np.sqrt(len(now)))
    )


def _distance(base: _Reference, live: Array, times: float, plus: float, share: float) -> float:
    """The largest gap between the live numbers and training numbers of which a share came in
    another unit.
    """
    at = _points(base, times, plus, share)
    if not len(at):
        return 1.0
    worst = 0.0
    for side in ("left", "right"):
        ours = (1 - share) * base.share(at, side) + (
            share * base.share((at - plus) / times + _nudge(base, side), side) if share else 0.0
        )
        theirs = np.searchsorted(live, at + _nudge(base, side), side=side) / len(live)  # type: ignore[call-overload]
        worst = max(worst, float(np.abs(ours - theirs).max()))
    return max(0.0, worst - 1 / len(base.points))


def _points(base: _Reference, times: float, plus: float, share: float) -> Array:
    """Where distributions are compared: at the training numbers, as they were and in another unit,
    as far as the fence hides neither part there.
    """
    at = np.concatenate([base.inside, times * base.inside + plus]) if share else base.inside
    undone = (at - plus) / times
    told = np.ones(len(at), bool)
    if share:
        told &= (undone > base.low) & (undone < base.high)
    if share < 1:
        told &= (at > base.low) & (at < base.high)
    found: Array = at[told]
    return found


def _nudge(base: _Reference, side: str) -> float:
    """So little that what was rounded by arithmetic is still equal."""
    return (1e-9 if side == "right" else -1e-9) * float(np.abs(base.points).max() or 1.0)


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
    return left < 0.5 * start and (
        _p_value(base, live, left) > level or left < CLOSE[0] * start and left < CLOSE[1]
    )


def _values_match(base: _Reference, live: Array, times: float, plus: float) -> bool:
    """Where the training numbers are a few, whether the live ones, undone, are of those."""
    return not _is_discrete(base) or _share_known(base, base.undone(live, times, plus)) > 0.6


def _is_discrete(base: _Reference) -> bool:
    """Whether the training numbers are a few whole ones."""
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
    exact = (
        _share_known(base, base.undone(live, times, plus))
        if len(base.support) <= SUPPORT or _all_whole(base)
        else 0.0
    )
    return round(exact, 1) - left


def _find_unknown_factor(base: _Reference, live: Array, start: float) -> UnitChange | None:
    """A constant factor that nobody knows, where the whole distribution is rescaled by it."""
    at = np.linspace(0.05, 0.95, 37)
    before, now = np.quantile(base.points, at), np.quantile(live, at)
    used = (np.abs(before) > 1e-12) & (before * now > 0)
    if used.sum() < 20:
        return None
    logs = np.log(now[used] / before[used])
    middle = float(np.median(logs))
    spread = float(np.subtract(*np.quantile(np.log(np.abs(before[used])), [0.9, 0.1])))
    if abs(middle) < FAR or spread < 0.2:
        return None
    times = float(np.exp(middle))
    left = _distance(base, live, times, 0.0, 1.0)
    if not (
        (_is_discrete(base) or _as_wide(base, base.undone(live, times, 0.0)))
        and _fits(base, live, left, start, FITS_FREE)
        and _values_match(base, live, times, 0.0)
    ):
        return None
    return UnitChange(times, 0.0, 1.0, "", round(_p_value(base, live, left), 4))
