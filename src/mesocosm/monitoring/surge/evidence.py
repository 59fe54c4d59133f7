"""How much evidence predictions give of how often a label is true, and how high a sum of it must be
before it is an alarm.

Knows numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mesocosm.core.values.numbers import to_float

Array = NDArray[np.float64]
WIDE = 6.0  # log-odds beyond which predictions count alike
EDGES = 49  # edges of the cells between
HELD_LABEL = (
    "\x1flabel"  # the true label of a held-out row, beside its fields; no field has its name
)
LEAST = 20  # held-out rows of a label, and of none, from which confidences are evidence
# the likelihood ratio of a prediction where nothing shows how often it errs
PLAIN = 1e6
FIRM = 2980.0  # the largest where held-out rows show it
CELLS = 150  # of the sum, when its run length is worked out
# standard errors by which the usual evidence for a rise is taken to be more than was observed
MARGIN = 0.5


class LabelEvidence:
    """How much likelier a prediction is where its label is true than where it is not.

    Predictions are distinguished by their confidence, in cells of log-odds, where enough held-out
    rows have true labels: their likelihood ratio is a logistic curve. Else a label is taken as
    true.

    Args:
        label: the label that is counted; None where what is counted has no truth, such as being
            unsure.
        rows: held-out rows with `label`, `sure` (the probability of the label) and the truth under
            `HELD_LABEL`, where they are known.

    Source: Qin and Zhang 1997, Biometrika 84 (a ratio of densities by logistic regression).

    >>> plain = LabelEvidence("bad", [])
    >>> plain.graded, plain.cell({"label": "bad"}, True), plain.cell({"label": "good"}, False)
    (False, 1, 0)
    """

    def __init__(self, label: str | None, rows: Sequence[Mapping[str, object]]) -> None:
        self.graded = False
        self.edges: Array = np.linspace(-WIDE, WIDE, EDGES)
        self.ratios: Array = np.array([1 / PLAIN, PLAIN])
        if label is not None:
            known = [r for r in rows if r.get("sure") is not None and HELD_LABEL in r]
            self._fit_where_known(label, known)

    def _fit_where_known(self, label: str, known: Sequence[Mapping[str, object]]) -> None:
        """Fit the ratios where enough rows are of the label and enough are not."""
        true: NDArray[np.bool_] = np.array([str(r[HELD_LABEL]) == label for r in known], np.bool_)
        count = int(np.count_nonzero(true))
        if min(count, len(known) - count) >= LEAST:
            self._fit([log_odds(to_float(r["sure"])) for r in known], true)

    def _fit(self, odds: Sequence[float], true: NDArray[np.bool_]) -> None:
        """Fit the likelihood ratio of every cell, where confidences are evidence at all."""
        from sklearn.linear_model import LogisticRegression

        fit = LogisticRegression(C=100.0).fit(np.array([[v] for v in odds]), true)
        slope, share = float(fit.coef_[0, 0]), true.mean()
        if slope <= 0:
            return
        middles = (self.edges[1:] + self.edges[:-1]) / 2
        at = np.concatenate([self.edges[:1], middles, self.edges[-1:]])
        ratios = np.exp(float(fit.intercept_[0]) + slope * at - np.log(share / (1 - share)))
        self.graded, self.ratios = True, np.clip(ratios, 1 / FIRM, FIRM)

    def cell(self, item: Mapping[str, object], hit: bool) -> int | None:
        """Which cell a prediction is of; None where predictions are distinguished by their
        confidence, and it has none.

        Args:
            item: with `sure`, the probability of the label.
            hit: whether it is the label that is counted.
        """
        if not self.graded:
            return int(hit)
        if item.get("sure") is None:
            return None
        return int(np.searchsorted(self.edges, log_odds(to_float(item["sure"]))))

    def share(self, counts: Array) -> float:
        """How often the label is true among predictions: the likeliest share, from 0.005 to 0.9.

        Args:
            counts: of predictions by cell.

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
        """What a prediction of each cell adds to a sum that tests for a risen share: its
        log-likelihood ratio.

        >>> LabelEvidence("bad", []).steps(0.1, 0.3).round(2).tolist()
        [-0.25, 1.1]
        """
        found: Array = np.log((1 + risen * (self.ratios - 1)) / (1 + usual * (self.ratios - 1)))
        return found


def log_odds(p: float) -> float:
    """The log-odds of a probability, clipped to what is distinguished."""
    return float(np.clip(np.log(max(p, 1e-9) / max(1 - p, 1e-9)), -WIDE - 1, WIDE + 1))


def widen_shares(steps: Array, shares: Array, seen: float) -> Array:
    """Shares of cells, shifted so far that the observed mean lies a margin of standard errors
    below, so that few rows raise no alarms.

    Args:
        steps: of each cell.
        shares: of each cell, as observed.
        seen: how many predictions were observed.

    Source: Wilson 1927, Journal of the American Statistical Association 22, of a mean in place of a
    share.

    >>> steps, shares = np.array([-1.0, 2.0]), np.array([0.9, 0.1])
    >>> few, many = (widen_shares(steps, shares, n)[1] for n in (25.0, 2500.0))
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
        if above - mean < MARGIN * float(np.sqrt(moved @ (steps - above) ** 2 / seen)):
            low = middle
        else:
            high = middle
    return moved


def find_threshold(steps: Array, shares: Array, quiet: float) -> float:
    """Find the least height of a sum, never under zero, at which so many predictions pass between
    two alarms, on average.

    The sum's run length is that of a Markov chain over cells; a step between two cells goes to
    both, by how near it is to each.

    Args:
        steps: what a prediction of each kind adds.
        shares: how frequent each kind is where nothing happens.
        quiet: predictions between two alarms.

    Source: Brook and Evans 1972, Biometrika 59.

    >>> steps, shares = np.array([-0.25, 1.1]), np.array([0.9, 0.1])
    >>> find_threshold(steps, shares, 10_000) > find_threshold(steps, shares, 1_000) > 2
    True
    """
    steps, shares = steps[shares > 0], shares[shares > 0]
    by = np.arange(CELLS)[None, :] - np.arange(CELLS)[:, None] + CELLS

    def run_length(height: float) -> float:
        step = steps * CELLS / height
        below: Array = np.floor(step)
        # of moving by so many cells, from as many down to as many up
        chances: Array = np.zeros(2 * CELLS + 1)
        targets = ((below, 1 - (step - below)), (below + 1, step - below))
        for to, part in targets:
            cells = np.clip(to + CELLS, 0, 2 * CELLS).astype(np.int64)
            np.add.at(chances, cells, shares * part)
        moves: Array = chances[by]
        moves[:, 0] = np.cumsum(chances)[by[:, 0]]  # what would fall under zero stays there
        solved = np.linalg.solve(np.eye(CELLS) - moves, np.ones(CELLS))
        return float(solved[0])

    low = high = max(float(steps.max()), 0.1)
    while run_length(high) < quiet:
        low, high = high, high * 1.5
    if low >= high:
        low = 0.0
    for _ in range(10):
        middle = (low + high) / 2
        if run_length(middle) < quiet:
            low = middle
        else:
            high = middle
    return high
