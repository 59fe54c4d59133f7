"""A test of the newest labels: whether predictions became worse at some moment, however many
were right before it. Knows arithmetic.

A change may come after any label, so a betting process starts at every `STEP`-th one; each tests
whether the predictions since its start are right less often than expected. The process that starts
k-th has the weight 1 / (k (k + 1)). The weights sum to one, so the mixture is an e-process: it
passes 1 / a with probability a at most, over all labels and all looks. The price of a late change
is a logarithm: twice ln k more evidence.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEP = 25  # labels between two starts
# log-odds by which right predictions become rarer, mixed with equal weights
DROPS = (0.5, 1.0, 2.0, 4.0)
# standard errors of the held-out rows' share that are granted: one-sided, missed once in a thousand
BOUND = 3.09
CONTENTS = 30  # different rows from which their mean error is known
MISSED = 0.001  # how often the share lies beyond


def lower_expected(expected: Array, held: int) -> Array:
    """The expected shares, lowered until their mean is at the lower bound that `held` held-out rows
    leave open.
    """
    mean = float(expected.mean())
    target = max(0.001, mean - BOUND * math.sqrt(mean * (1 - mean) / held))
    logits = np.log(expected / (1 - expected))
    low, high = 0.0, 12.0
    for _ in range(40):
        by = (low + high) / 2
        if float((1 / (1 + np.exp(by - logits))).mean()) > target:
            low = by
        else:
            high = by
    found: Array = 1 / (1 + np.exp(high - logits))
    return found


def find_change(
    right: Array, expected: Array, contents: Sequence[str], held: int, least: int
) -> tuple[int, float]:
    """Find where predictions became worse, if they did, with an always-valid p-value.

    Equal rows that err alike count by their information, not as many.

    Args:
        right: 1 or 0 of each prediction, in the order of their labels.
        expected: how often each should be right, between 0 and 1.
        contents: content hashes of the rows; empty where unknown.
        held: how many held-out rows measured what is expected.
        least: predictions under which nothing is concluded.

    Returns:
        The index of the first prediction of the likeliest part, and the p-value.

    Source: Shin, Ramdas and Rinaldo 2022, arXiv:2203.03532 (mixtures of e-processes over change
    points); Berger and Boos 1994, Journal of the American Statistical Association 89 (a p-value
    over a confidence set).

    >>> right, expected = np.array([1.0] * 500 + [0.0] * 40), np.full(540, 0.9)
    >>> start, p = find_change(right, expected, [""] * 540, 250, 30)
    >>> start, p < 0.002
    (500, True)
    """
    rows = len(right)
    if rows < least:
        return 0, 1.0
    null = np.clip(lower_expected(expected, held), 0.001, 0.999)
    logits = np.log(null / (1 - null))
    bets = []
    for drop in DROPS:
        worse = 1 / (1 + np.exp(drop - logits))
        bets.append(np.where(right > 0, np.log(worse / null), np.log((1 - worse) / (1 - null))))
    sums = np.cumsum(np.array(bets)[:, ::-1], axis=1)[:, ::-1]  # of the answers from each one on
    alone = _effective_shares(contents, right - expected)
    starts = np.arange(0, rows - least + 1, STEP)
    k = starts / STEP + 1
    scaled = sums[:, starts] * alone[starts]
    logs = np.logaddexp.reduce(scaled, axis=0) - math.log(len(DROPS)) - np.log(k * (k + 1))
    total = float(np.logaddexp.reduce(logs))
    return int(starts[int(logs.argmax())]), min(1.0, math.exp(-max(0.0, total)) + MISSED)


def _effective_shares(contents: Sequence[str], errors: Array) -> Array:
    """The effective share of the rows of each tail of a sample, where equal rows err alike: their
    variance, over that of their sums.

    It is the variance about the tail's own mean, which few contents do not determine; of fewer than
    `CONTENTS`, that about zero counts too.
    """
    sums: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    of_sums = of_both = of_counts = of_errors = total = 0.0
    shares = np.ones(len(errors))
    for i in range(len(errors) - 1, -1, -1):
        content, error, rows = contents[i] or f"#{i}", float(errors[i]), len(errors) - i
        s, n = sums[content], counts[content]
        of_sums += error * (2 * s + error)
        of_both += s + (n + 1) * error
        of_counts += 2 * n + 1
        sums[content], counts[content] = s + error, n + 1
        total, of_errors = total + error, of_errors + error * error
        mean = total / rows
        apart = of_errors - rows * mean * mean
        together = of_sums - 2 * mean * of_both + mean * mean * of_counts
        if apart > 1e-9 and together > 1e-9:
            shares[i] = min(1.0, apart / together)
        if len(sums) < CONTENTS and of_sums > 1e-9:
            shares[i] = min(shares[i], of_errors / of_sums)
    return shares
