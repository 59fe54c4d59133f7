"""Tails of distributions and tests of counts in closed form, for what is installed without SciPy.

Knows only arithmetic. The tests compare each with SciPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

NEGLIGIBLE = 1e-17  # a term below this share of the sum no longer changes it


def fisher_less(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The p-value of Fisher's exact test that the odds of the first row are less.

    Args:
        first: counts of the first row, such as (bad, good); none negative.
        second: counts of the second row.

    Returns:
        The chance of at most `first[0]` under equal odds, 0 to 1.

    Source: Fisher 1935, The Design of Experiments, ch. 2.

    >>> round(fisher_less((1, 9), (8, 2)), 6)
    0.002739
    """
    bad, row, other = first[0] + second[0], sum(first), sum(second)
    least, most = max(0, bad - other), min(bad, row)
    highest = first[0]
    if highest >= most:
        return 1.0
    # summed from the most likely count down, so that what is left out is smaller than what is in
    mode = ((row + 1) * (bad + 1)) // (row + other + 2)
    start = min(highest, max(least, min(mode, most)))
    down = _sum_terms(start, least, -1, (row, other, bad))
    up = _sum_terms(start + 1, highest, 1, (row, other, bad)) if highest > start else 0.0
    return min(1.0, down + up)


def _sum_terms(start: int, end: int, step: int, margins: tuple[int, int, int]) -> float:
    """The chances of the counts from `start` to `end`, as far as they matter."""
    total, count = 0.0, start
    while count * step <= end * step:
        term = math.exp(_log_chance(count, margins))
        total += term
        if term <= total * NEGLIGIBLE:
            break
        count += step
    return total


def _log_chance(count: int, margins: tuple[int, int, int]) -> float:
    """The logarithm of a hypergeometric chance."""
    row, other, bad = margins
    chosen = _log_choose(row, count) + _log_choose(other, bad - count)
    return chosen - _log_choose(row + other, bad)


def _log_choose(of: int, count: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)


def chi_squared_of_counts(
    first: Sequence[int], second: Sequence[int], correction: bool = True
) -> float:
    """The p-value of Pearson's chi-squared test that two rows of counts have the same shares.

    Args:
        first: counts of each value; not all zero.
        second: counts of the same values; not all zero.
        correction: Yates's, for two values.

    Returns:
        The p-value, 0 to 1; 1 where there is one value.

    Source: Pearson 1900, Philosophical Magazine 50; Yates 1934, JRSS supplement 1.
    """
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a + b]
    degrees = len(pairs) - 1
    if degrees < 1:
        return 1.0
    sums = (sum(first), sum(second))
    every = sum(sums)
    statistic = 0.0
    for pair in pairs:
        for count, row in zip(pair, sums, strict=True):
            expected = sum(pair) * row / every
            gap = abs(count - expected)
            if correction and degrees == 1:
                gap -= min(0.5, gap)
            statistic += gap * gap / expected
    return chi_squared_tail(statistic, degrees)


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """The chance that a chi-squared variable is greater than a number.

    Args:
        degrees: degrees of freedom, at least 1.

    Source: Abramowitz and Stegun 1964, 26.4.4 and 26.4.5.

    >>> round(chi_squared_tail(3.841459, 1), 4), round(chi_squared_tail(18.307038, 10), 4)
    (0.05, 0.05)
    """
    if statistic <= 0:
        return 1.0
    half, odd = statistic / 2, degrees % 2
    total = math.erfc(math.sqrt(half)) if odd else 0.0
    offset = 0.5 if odd else 0.0
    for number in range(degrees // 2):
        power = number + offset
        total += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(1.0, total)


def binomial_tail(count: int, rows: int, share: float) -> float:
    """The chance of at least `count` of `rows` where each has a chance of its own.

    Args:
        share: the chance of each, 0 to 1.

    >>> round(binomial_tail(8, 10, 0.5), 6), binomial_tail(0, 10, 0.5), binomial_tail(11, 10, 0.5)
    (0.054688, 1.0, 0.0)
    """
    if count <= 0:
        return 1.0
    if count > rows or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    mode = int((rows + 1) * share)
    if count > mode:
        return min(1.0, _sum_binomial(count, rows, 1, (rows, share)))
    return max(0.0, 1 - _sum_binomial(count - 1, 0, -1, (rows, share)))


def _sum_binomial(start: int, end: int, step: int, of: tuple[int, float]) -> float:
    """The chances of the counts from `start` to `end`, away from the most likely one, as far as
    they matter.
    """
    rows, share = of
    total = 0.0
    for count in range(start, end + step, step):
        chance = count * math.log(share) + (rows - count) * math.log1p(-share)
        term = math.exp(_log_choose(rows, count) + chance)
        total += term
        if term <= total * NEGLIGIBLE:
            break
    return total


def kolmogorov_tail(distance: float) -> float:
    """The chance that the scaled distance of two samples' distribution functions is greater.

    Args:
        distance: the largest gap times the root of n m / (n + m).

    Source: Kolmogorov 1933; Smirnov 1948, Annals of Mathematical Statistics 19.

    >>> round(kolmogorov_tail(1.358), 3)
    0.05
    """
    if distance <= 0.04:
        return 1.0
    if distance < 1:
        scale = math.pi**2 / (8 * distance**2)
        below = sum(math.exp(-((2 * k - 1) ** 2) * scale) for k in range(1, 6))
        return max(0.0, 1 - math.sqrt(2 * math.pi) / distance * below)
    signs = (1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0)
    terms = (sign * math.exp(-2 * (k * distance) ** 2) for k, sign in enumerate(signs, start=1))
    return min(1.0, 2 * sum(terms))
