"""A test that may be looked at after every request: whether one share is greater than another, always valid. Knows arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAST = 30  # judged requests of each side under which nothing is said
SPREAD = 0.04  # of the differences that are looked for: a deviation of four points


@dataclass(frozen=True)
class Compared:
    """What a look says: the `difference` of shares (new minus old), and `p`, which holds however often one looks."""

    difference: float
    p: float


def compared(new_right: int, new: int, old_right: int, old: int, spread: float = SPREAD) -> Compared:
    """How likely so great a difference is at any look, were there none: the mixture sequential probability ratio test.

    Args:
        new_right, new: requests that were right, of those judged, of the new version; likewise of the old one.
        spread: the deviation of differences that are expected where there is one.

    Source: Johari, Koomen, Pekelis and Walsh 2017, KDD (Peeking at A/B Tests); Robbins 1970, Annals of Mathematical Statistics 41.

    >>> compared(90, 100, 90, 100).p
    1.0
    >>> compared(900, 1000, 700, 1000).p < 1e-9
    True
    """
    if min(new, old) < LEAST:
        return Compared(0.0, 1.0)
    shares = [(right + 1) / (count + 2) for right, count in ((new_right, new), (old_right, old))]  # never 0 or 1, so that a variance is left
    variance = sum(share * (1 - share) / count for share, count in zip(shares, (new, old), strict=True))
    difference = new_right / new - old_right / old
    whole = variance + spread**2
    log_ratio = 0.5 * math.log(variance / whole) + spread**2 * difference**2 / (2 * variance * whole)
    return Compared(difference, 1.0 if log_ratio <= 0 else math.exp(-log_ratio))
