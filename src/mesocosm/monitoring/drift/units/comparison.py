"""Live numbers compared with the training ones, as they are and with a change of unit undone. Knows
distributions; chooses no unit.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.values.count_tests import kolmogorov_tail

Array = NDArray[np.float64]
Side = Literal["left", "right"]
SUPPORT = 60  # different training numbers up to which they are discrete
# what is left of the distance, as a share and as it is: of many rows a test finds differences that
# do not matter
CLOSE_SHARE, CLOSE = 0.25, 0.08


class Reference:
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


def _share_below(points: Array, at: Array, side: Side) -> Array:
    found: Array = np.searchsorted(points, at, side=side) / len(points)
    return found


def measure_spread(points: Array, low: float, high: float) -> float:
    """How far two quantiles of numbers lie apart."""
    return float(np.quantile(points, high) - np.quantile(points, low))


def looks_known(base: Reference, live: Array, times: float, plus: float) -> bool:
    """Whether live numbers, undone, are training values where those are discrete, and spread as
    wide where they are not.
    """
    undone = base.undo(live, times, plus)
    if _is_discrete(base):
        return _share_known(base, undone) > 0.6
    return bool(_as_wide(base, undone))


def _as_wide(base: Reference, undone: Array) -> bool:
    """Whether undone numbers spread as the training ones do: a part of the rows, such as the upper
    half, is no other unit.
    """
    before, now = base.points, undone
    if before[0] > 0 and now.min() > 0:
        before, now = np.log(before), np.log(now)
    ours, theirs = measure_spread(before, 0.15, 0.85), measure_spread(now, 0.15, 0.85)
    if ours <= 0 or theirs <= 0:
        return ours <= 0
    return abs(math.log(theirs / ours)) < max(0.08, 3.0 / math.sqrt(len(now)))


def measure_distance(
    base: Reference, live: Array, times: float, plus: float, share: float
) -> float:
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


def _points(base: Reference, times: float, plus: float, share: float) -> Array:
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


def _nudge(base: Reference, side: Side) -> float:
    """So little that what was rounded by arithmetic is still equal."""
    sign = 1e-9 if side == "right" else -1e-9
    return sign * float(np.abs(base.points).max() or 1.0)


def estimate_share(base: Reference, live: Array, times: float, plus: float) -> float:
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


def find_p_value(base: Reference, live: Array, distance: float) -> float:
    return kolmogorov_tail(distance * math.sqrt(base.rows * len(live) / (base.rows + len(live))))


def fits(base: Reference, live: Array, left: float, start: float, level: float) -> bool:
    if left >= 0.5 * start:
        return False
    return find_p_value(base, live, left) > level or left < min(CLOSE_SHARE * start, CLOSE)


def _is_discrete(base: Reference) -> bool:
    """Whether the training numbers are a few whole numbers."""
    return len(base.support) <= SUPPORT and _all_whole(base)


def _all_whole(base: Reference) -> bool:
    return bool((base.points == np.round(base.points)).all())


def _share_known(base: Reference, values: Array) -> float:
    at = np.searchsorted(base.support, values).clip(1, len(base.support) - 1)
    near = np.minimum(np.abs(values - base.support[at - 1]), np.abs(values - base.support[at]))
    return float((near <= 0.02 * np.maximum(1.0, np.abs(values))).mean())


def score_change(base: Reference, live: Array, times: float, plus: float, left: float) -> float:
    """How well a change fits: of two that are near each other the one that gives numbers that
    training knows, then the one with less left.
    """
    exact = 0.0
    if len(base.support) <= SUPPORT or _all_whole(base):
        exact = _share_known(base, base.undo(live, times, plus))
    return round(exact, 1) - left
