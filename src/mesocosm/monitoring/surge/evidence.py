"""How much answers tell of how often a label is true, and how high a sum of what they tell must be
before it is an alarm.

Knows numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
WIDE, EDGES = (
    6.0,
    49,
)  # log-odds beyond which answers are not told apart, and the edges of the cells between
HELD_LABEL = (  # the true label of a held-out row, beside its fields; no field has its name
    "\x1flabel"
)
LEAST = 20  # held-out rows of a label, and of none, from which how sure an answer is says something
# how much likelier an answer is taken to be where it is true, where nothing tells how often it errs
PLAIN = 1e6
FIRM = 2980.0  # as much at most where held-out rows tell it
CELLS = 150  # of the sum, when its run length is worked out
# standard errors by which what usually comes is taken to tell more for a rise than it was seen to
MARGIN = 0.5


class LabelEvidence:
    """How much likelier an answer is where its label is true than where it is not.

    Answers are told apart by how sure they are, in cells of log-odds, where enough held-out rows
    tell what is true: their likelihood ratio is a logistic curve. Else a label is taken at its
    word.

    Args:
        label: the answer that is counted; None where what is counted has no truth, such as being
            unsure.
        rows: held-out rows with `label`, `sure` (the probability of the label) and the truth under
            `HELD_LABEL`, where they are known.

    Source: Qin and Zhang 1997, Biometrika 84 (a ratio of densities by logistic regression).

    >>> plain = LabelEvidence("bad", [])
    >>> plain.graded, plain.cell({"label": "bad"}, True), plain.cell({"label": "good"}, False)
    (False, 1, 0)
    """

    def __init__(self, label: str | None, rows: Sequence[Mapping[str, Any]]) -> None:
        from sklearn.linear_model import LogisticRegression

        told = (
            [r for r in rows if r.get("sure") is not None and HELD_LABEL in r]
            if label is not None
            else []
        )
        true = np.array([str(r[HELD_LABEL]) == label for r in told], dtype=bool)
        self.graded = min(int(true.sum()), int((~true).sum())) >= LEAST
        self.edges = np.linspace(-WIDE, WIDE, EDGES)
        self.ratios = np.array([1 / PLAIN, PLAIN])
        if self.graded:
            fit = LogisticRegression(C=100.0).fit(
                np.array([[log_odds(float(r["sure"]))] for r in told]), true
            )
            slope, prior = float(fit.coef_[0, 0]), np.log(true.mean() / (1 - true.mean()))
            at = np.concatenate(
                [self.edges[:1], (self.edges[1:] + self.edges[:-1]) / 2, self.edges[-1:]]
            )
            self.graded = slope > 0  # or how sure an answer is says nothing
            if self.graded:
                self.ratios = np.clip(
                    np.exp(float(fit.intercept_[0]) + slope * at - prior), 1 / FIRM, FIRM
                )

    def cell(self, item: Mapping[str, Any], hit: bool) -> int | None:
        """Which cell an answer is of; None where answers are told apart by how sure they are, and
        it does not say.

        Args:
            item: with `sure`, the probability of the label.
            hit: whether it is the label that is counted.
        """
        if not self.graded:
            return int(hit)
        return (
            int(np.searchsorted(self.edges, log_odds(float(item["sure"]))))
            if item.get("sure") is not None
            else None
        )

    def share(self, counts: Array) -> float:
        """How often the label is truly there among answers: the likeliest share, from 0.005 to 0.9.

        Args:
            counts: of answers by cell.

        Source: Saerens, Latinne and Decaestecker 2002, Neural Computation 14 (by expectation and
            maximisation).

        >>> round(LabelEvidence("bad", []).share(np.array([80.0, 20.0])), 3)
        0.2
        """
        share = 0.3
        for _ in range(200):
            before, there = share, share * self.ratios
            share = float(counts @ (there / (there + 1 - share)) / counts.sum())
            if abs(share - before) < 1e-5:
                break
        return min(0.9, max(0.005, share))

    def steps(self, usual: float, risen: float) -> Array:
        """What an answer of each cell adds to a sum that looks for a share that has risen: the log
        of how much likelier it is then.

        >>> LabelEvidence("bad", []).steps(0.1, 0.3).round(2).tolist()
        [-0.25, 1.1]
        """
        found: Array = np.log((1 + risen * (self.ratios - 1)) / (1 + usual * (self.ratios - 1)))
        return found


def log_odds(p: float) -> float:
    """The log-odds of a probability, none beyond what is told apart."""
    return float(np.clip(np.log(max(p, 1e-9) / max(1 - p, 1e-9)), -WIDE - 1, WIDE + 1))


def widen_shares(steps: Array, shares: Array, seen: float) -> Array:
    """Shares of cells, moved so far that what was seen lies a standard error of theirs below, so
    that few rows raise no alarms.

    Args:
        steps: of each cell.
        shares: of each cell, as seen.
        seen: how many answers were seen.

    Source: Wilson 1927, Journal of the American Statistical Association 22, of a mean in place of a
    share.

    >>> few, many = (widen_shares(np.array([-1.0, 2.0]), np.array([0.9, 0.1]), n)[1] for n in (25.0, 2500.0))
    >>> bool(few > many > 0.1)
    True
    """
    mean = float(shares @ steps)
    low, high = 0.0, 64.0
    moved = shares
    for _ in range(40):
        middle = (low + high) / 2
        moved = shares * np.exp(middle * (steps - steps.max()))
        moved = moved / moved.sum()
        above = float(moved @ steps)
        low, high = (
            (middle, high)
            if above - mean < MARGIN * float(np.sqrt(moved @ (steps - above) ** 2 / seen))
            else (low, middle)
        )
    return moved


def find_threshold(steps: Array, shares: Array, quiet: float) -> float:
    """The least height of a sum, never under nought, at which so many answers pass between two
    alarms, on average.

    The sum's run length is that of a Markov chain over cells; a step between two cells goes to
    both, by how near it is to each.

    Args:
        steps: what an answer of each kind adds.
        shares: how often each kind comes where nothing happens.
        quiet: answers between two alarms.

    Source: Brook and Evans 1972, Biometrika 59.

    >>> steps, shares = np.array([-0.25, 1.1]), np.array([0.9, 0.1])
    >>> find_threshold(steps, shares, 10_000) > find_threshold(steps, shares, 1_000) > 2
    True
    """
    steps, shares = steps[shares > 0], shares[shares > 0]
    by = np.arange(CELLS)[None, :] - np.arange(CELLS)[:, None] + CELLS

    def lasts(height: float) -> float:
        step = steps * CELLS / height
        below = np.floor(step)
        chances = np.zeros(
            2 * CELLS + 1
        )  # of moving by so many cells, from as many down to as many up
        for to, chance in (
            (below, shares * (1 - (step - below))),
            (below + 1, shares * (step - below)),
        ):
            np.add.at(chances, np.clip(to + CELLS, 0, 2 * CELLS).astype(int), chance)
        moves = chances[by]
        moves[:, 0] = np.cumsum(chances)[by[:, 0]]  # what would fall under nought stays there
        return float(np.linalg.solve(np.eye(CELLS) - moves, np.ones(CELLS))[0])

    low = high = max(float(steps.max()), 0.1)
    while lasts(high) < quiet:
        low, high = high, high * 1.5
    low = low if low < high else 0.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if lasts(middle) < quiet else (low, middle)
    return high
