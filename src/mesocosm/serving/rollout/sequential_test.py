"""A test that may be looked at after every request: whether one share is greater than another,
always valid. Knows arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAST = 30  # labelled requests of each side under which nothing is concluded
# weight, mean and deviation of the differences that are looked for: about three points, or anything
PRIOR = ((0.425, 0.03, 0.01), (0.425, -0.03, 0.01), (0.15, 0.0, 0.1))


@dataclass(frozen=True)
class ShareComparison:
    """The `difference` of two shares (new minus old), and its always-valid p-value `p`."""

    difference: float
    p: float


def compare_shares(new_right: float, new: float, old_right: float, old: float) -> ShareComparison:
    """Test whether two shares differ, at any number of looks: the mixture sequential probability
    ratio test.

    The test is valid whatever prior is mixed; the prior only says which differences it finds
    soonest.

    Args:
        new_right, new: right predictions of the new version, of its labelled ones; likewise of the
            old one. Effective sample sizes need not be whole.

    Source: Johari, Koomen, Pekelis and Walsh 2017, KDD (Peeking at A/B Tests); Robbins 1970, Annals
    of Mathematical Statistics 41.

    >>> compare_shares(90, 100, 90, 100).p
    1.0
    >>> compare_shares(900, 1000, 700, 1000).p < 1e-9
    True
    """
    if min(new, old) < LEAST:
        return ShareComparison(0.0, 1.0)
    shares = [
        (right + 1) / (count + 2) for right, count in ((new_right, new), (old_right, old))
    ]  # never 0 or 1, so that a variance is left
    variance = sum(
        share * (1 - share) / count for share, count in zip(shares, (new, old), strict=True)
    )
    difference = new_right / new - old_right / old
    logs = [
        math.log(weight)
        + 0.5 * math.log(variance / (variance + spread**2))
        + difference**2 / (2 * variance)
        - (difference - mean) ** 2 / (2 * (variance + spread**2))
        for weight, mean, spread in PRIOR
    ]
    most = max(logs)
    log_ratio = most + math.log(sum(math.exp(log - most) for log in logs))
    return ShareComparison(difference, math.exp(-max(0.0, log_ratio)))
