"""Whether predictions are right as often as they should be: by labels, against the model's own
calibration on its held-out rows.

Knows numbers only. The comparison may be looked at after every label.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mesocosm.core.messages import Message, Text
from mesocosm.monitoring.labels.change_test import find_change
from mesocosm.serving.rollout.sequential_test import ShareComparison, compare_shares

Array = NDArray[np.float64]
FEW = 30  # labelled rows, and held-out ones, under which nothing is concluded
SURE = 0.01  # p-value under which fewer are right than expected, over all looks at one version
WITHIN = 0.8  # share of held-out errors of a number within the bound of those that count as right
SELECTED = 0.001  # p-value under which the labels received are of other classes than usual
MOST_WITHOUT = 5  # predictions without a label for each with one, over which nothing is concluded
PRIOR = 10.0  # held-out rows that the model's own probabilities weigh as much as


@dataclass(frozen=True)
class Answer:
    """A prediction whose label is known: its probability, whether it was right, the content hash of
    its row, and the label where it is a class.
    """

    probability: float
    right: bool
    content: str = ""
    label: str = ""


@dataclass(frozen=True)
class Labelled:
    """What labels show: of `rows` predictions `right` were, where `expected` should be; `p` is an
    always-valid p-value of so few.

    Where only the newest predictions became worse, `rows` are those, and `of` is how many there are
    in all. A prediction that is a number counts as right where its error is at most `near`, which
    held-out rows keep in a known share. Where the labels received are of other classes than usual,
    `most` is what rows of those classes would let expect, and `selected` names the classes.
    """

    rows: int = 0
    right: int = 0
    expected: float = 0.0
    p: float = 1.0
    of: int = 0
    near: float | None = None
    most: float = 0.0
    selected: str = ""

    @property
    def gap(self) -> float:
        """The accuracy lost."""
        if not self.rows:
            return 0.0
        return (self.expected - self.right) / self.rows

    @property
    def why(self) -> Message:
        """What was found, as a sentence."""
        which: Text = f"{self.rows}"
        if self.of > self.rows:
            which = Message("monitoring.newest_of", newest=self.rows, of=self.of)
        return Message(
            "monitoring.concept_drift",
            right=self.right,
            which=which,
            criterion=self.criterion,
            expected=self.expected,
        )

    @property
    def criterion(self) -> Message:
        """What counts as right, in words."""
        if self.near is None:
            return Message("monitoring.criterion_right")
        return Message("monitoring.criterion_near", near=self.near)

    @property
    def worse(self) -> bool:
        """Whether fewer are right than should be, beyond chance."""
        return self.p < SURE and self.gap > 0


class Calibration:
    """How often predictions of a probability are right, measured on held-out rows.

    Args:
        held: predictions of held-out rows.
        near: the error up to which a prediction that is a number counts as right.

    Source: Platt 1999, Probabilistic outputs for support vector machines; drawn to the model's own
    probabilities where rows are few.

    >>> from random import Random
    >>> draw = Random(1)
    >>> bold = Calibration([Answer(0.95, draw.random() < 0.7) for _ in range(400)])
    >>> 0.65 < bold.expect(0.95) < 0.78
    True
    """

    def __init__(self, held: Sequence[Answer], near: float | None = None) -> None:
        self.rows, self.near = len(held), near
        self.slope, self.base = 1.0, 0.0
        labelled = [answer for answer in held if answer.label]
        self.classes = Counter(answer.label for answer in labelled)
        self.found = Counter(answer.label for answer in labelled if answer.right)
        if len(held) >= FEW:
            self.slope, self.base = _fit_log_odds(held)

    def expect(self, probability: float) -> float:
        """How often a prediction of a probability is right."""
        return 1 / (1 + math.exp(-(self.slope * _log_odds(probability) + self.base)))

    def selected(self, answers: Sequence[Answer]) -> str:
        """Describe the classes of the labels received, where they are not those of the held-out
        rows: labels may be of some classes only. Empty where they are alike.
        """
        received = Counter(a.label for a in answers if a.label in self.classes)
        rows = received.total()
        if rows < FEW or len(self.classes) < 2:
            return ""
        from scipy.stats import chi2_contingency

        table = [[received[c] for c in self.classes], list(self.classes.values())]
        if float(chi2_contingency(table).pvalue) >= SELECTED:
            return ""
        held = self.classes.total()
        shares = {c: (received[c] / rows, n / held) for c, n in self.classes.items()}
        return _describe_farthest(shares)

    def by_class(self, answers: Sequence[Answer]) -> tuple[Array, float]:
        """The accuracy on each answer's class among the held-out rows, and as how many held-out
        rows that is known.
        """
        share = {c: (self.found[c] + 1) / (n + 2) for c, n in self.classes.items()}
        usual = sum(self.found.values()) / max(1, sum(self.classes.values()))
        expected = np.array([share.get(a.label, usual) for a in answers])
        weights = Counter(a.label for a in answers)
        variance = sum(
            (weights[c] / len(answers)) ** 2 * share[c] * (1 - share[c]) / n
            for c, n in self.classes.items()
        )
        mean, rows = float(expected.mean()), float(self.rows)
        if variance > 0:
            rows = min(rows, mean * (1 - mean) / variance)
        return expected, rows


def _fit_log_odds(held: Sequence[Answer]) -> tuple[float, float]:
    """The line by which log-odds of probabilities become those of being right."""
    from scipy.optimize import minimize

    x = np.array([_log_odds(a.probability) for a in held])
    sign = np.array([1.0 if a.right else -1.0 for a in held])

    def cost(w: Array) -> float:
        slope, base = w.tolist()
        away = (slope - 1) ** 2 + base**2  # from the model's own probabilities
        errors: Array = np.logaddexp(0.0, -sign * (slope * x + base))
        return float(errors.sum() + PRIOR / 8 * away)

    slope, base = minimize(cost, np.array([1.0, 0.0])).x.tolist()
    return float(slope), float(base)


def _describe_farthest(shares: Mapping[str, tuple[float, float]]) -> str:
    """The two classes whose shares among the labels received differ most from the held-out ones."""
    farthest = sorted(shares, key=lambda c: -abs(shares[c][0] - shares[c][1]))[:2]
    return ", ".join(
        f"'{c}' {shares[c][0]:.0%} ({shares[c][1]:.0%} of the held-out rows)" for c in farthest
    )


def calibrate_errors(errors: Sequence[float]) -> Calibration:
    """Calibrate predictions that are numbers: of the held-out errors the share `WITHIN` lies within
    the bound that live errors are held against.

    Source: Papadopoulos et al. 2002, ECML (a quantile of held-out errors holds for new rows of the
    same kind).

    >>> known = calibrate_errors([i / 100 for i in range(100)])
    >>> known.near, 0.75 < known.expect(WITHIN) < 0.85
    (0.79, True)
    """
    if not errors:
        return Calibration([])
    ordered = sorted(errors)
    near = ordered[max(0, math.ceil(WITHIN * len(ordered)) - 1)]
    return Calibration([Answer(WITHIN, e <= near) for e in ordered], near)


def compare(answers: Iterable[Answer], known: Calibration, without: int | None = None) -> Labelled:
    """Compare predictions with what held-out rows let expect.

    Two tests, each with half of the level: of all predictions, and of the newest ones from any
    moment on, so that a change is found after any number of right predictions. Equal rows that err
    together count by their information, not as many. Nothing is concluded from few rows, nor
    without held-out ones.

    Where the labels received are of other classes than the held-out rows have, as where only losses
    are reported, predictions are worse only if a selection of labels does not explain it: they are
    so among rows of their own class too, which a selection leaves as they were, or they would be so
    even if every prediction without a label had been right.

    Args:
        answers: in the order in which their labels were received.
        without: how many predictions of the same time have no label; None where it is not known.
    """
    given = list(answers)
    if not given:
        return Labelled()
    expected: Array = np.array([known.expect(a.probability) for a in given])
    found = replace(_compare_rates(given, expected, known.rows, known.rows), near=known.near)
    if known.rows < FEW:
        return found
    selected = known.selected(given) or known.selected(given[-found.rows :])
    if not selected:
        return found
    own, held = known.by_class(given)
    by_class = _compare_rates(given, own, held, known.rows)
    of_class = by_class.p if by_class.gap > 0 else 1.0
    at_best = found.p
    if without != 0:
        at_best = _all_others_right(given, expected, known, without)
    return replace(
        found,
        p=max(found.p, min(1.0, 2 * min(of_class, at_best))),
        most=round(float(own[-found.rows :].sum()), 2),
        selected=selected,
    )


def _all_others_right(
    given: Sequence[Answer], expected: Array, known: Calibration, without: int | None
) -> float:
    """The p-value of all predictions together, had every one without a label been right, at the
    lowest confidence there is.

    It is of all predictions together: which of the newest have no label is not known.
    """
    if without is None or without > MOST_WITHOUT * len(given):
        return 1.0
    right, contents = _read_answers(given)
    scale = _effective_share(contents, right - expected)
    rows, held = len(given) + without, float(known.rows)
    total = float(expected.sum()) + without * known.expect(1 / max(2, len(known.classes)))
    count = float(right.sum()) + without
    return _p_of_fewer(compare_shares(count * scale, rows * scale, total / rows * held, held))


def _read_answers(given: Sequence[Answer]) -> tuple[Array, list[str]]:
    """1 or 0 of each prediction, by whether it was right, and the content hashes of the rows."""
    right: Array = np.array([a.right for a in given], dtype=np.float64)
    return right, [a.content for a in given]


def _p_of_fewer(test: ShareComparison) -> float:
    """The p-value of a share that is smaller; of one that is not, 1."""
    return test.p if test.difference < 0 else 1.0


def _compare_rates(
    given: Sequence[Answer], expected: Array, held: float, rows_held: int
) -> Labelled:
    """Test predictions against what is expected, as known from so many held-out rows."""
    right, contents = _read_answers(given)
    rows, total = len(given), float(expected.sum())
    found = Labelled(rows, int(right.sum()), round(total, 2))
    if rows < FEW or rows_held < FEW:
        return found
    scale = _effective_share(contents, right - expected)
    share = total / rows
    count = float(right.sum())
    of_all = _p_of_fewer(compare_shares(count * scale, rows * scale, share * held, held))
    start, p = find_change(right, expected, contents, max(1, int(held)), FEW)
    if p < of_all:
        return Labelled(
            rows - start,
            int(right[start:].sum()),
            round(float(expected[start:].sum()), 2),
            min(1.0, 2 * p),
            rows,
        )
    return replace(found, p=min(1.0, 2 * of_all))


def _effective_share(contents: Sequence[str], errors: Array) -> float:
    """The effective sample size over the rows, where equal rows err alike."""
    sums: dict[str, float] = defaultdict(float)
    errors = errors - errors.mean()
    each: list[float] = errors.tolist()
    for i, (content, error) in enumerate(zip(contents, each, strict=True)):
        sums[content or f"#{i}"] += error
    apart, together = float((errors**2).sum()), sum(v * v for v in sums.values())
    if apart < 1e-9:  # one row that came often, or no error that differs from another
        return len(sums) / len(contents)
    if together <= 1e-9:
        return 1.0
    return min(1.0, apart / together)


def _log_odds(p: float) -> float:
    p = min(0.999, max(0.001, p))
    return math.log(p / (1 - p))
