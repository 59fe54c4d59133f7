"""Whether answers are right as often as they should be: by labels, against the model's own calibration on its held-out rows.

Knows numbers only. The comparison may be looked at after every label.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesocosm.operate.newest import newest
from mesocosm.operate.sequential import compared

FEW = 30  # labelled rows, and held-out ones, under which nothing is said
SURE = 0.01  # how unlikely fewer right answers must be, over all looks at one version
WITHIN = 0.8  # share of held-out errors of a number within the bound of those that count as right
PRIOR = 10.0  # held-out rows that the model's own probabilities weigh as much as


@dataclass(frozen=True)
class Answer:
    """An answer whose label is known: its probability, whether it was right, and the content of its row."""

    probability: float
    right: bool
    content: str = ""


@dataclass(frozen=True)
class Labelled:
    """What labels say: of `rows` answers `right` were, where `expected` should be; `p` that so few are by chance, at any number of looks.

    Where only the newest answers became worse, `rows` are those, and `of` is how many there are in all. An answer that is a number counts as right
    where its error is at most `near`, which held-out rows keep in a known share.
    """

    rows: int = 0
    right: int = 0
    expected: float = 0.0
    p: float = 1.0
    of: int = 0
    near: float | None = None

    @property
    def gap(self) -> float:
        """The accuracy lost."""
        return (self.expected - self.right) / self.rows if self.rows else 0.0

    @property
    def why(self) -> str:
        """What was found, as a sentence."""
        which = f"of the newest {self.rows} of {self.of}" if self.of > self.rows else f"of {self.rows}"
        return f"{which} answers whose label came back {self.right} were {self.found}, where {self.expected:.0f} were expected: what the inputs say of the answer has changed"

    @property
    def found(self) -> str:
        """What counts as right, in words."""
        return "right" if self.near is None else f"within {self.near:.4g} of it"

    @property
    def worse(self) -> bool:
        """Whether fewer are right than should be, beyond chance."""
        return self.p < SURE and self.gap > 0


class Calibration:
    """How often answers of a probability are right, measured on held-out rows.

    Args:
        held: answers to held-out rows.
        near: the error up to which an answer that is a number counts as right.

    Source: Platt 1999, Probabilistic outputs for support vector machines; drawn to the model's own probabilities where rows are few.

    >>> from random import Random
    >>> draw = Random(1)
    >>> bold = Calibration([Answer(0.95, draw.random() < 0.7) for _ in range(400)])
    >>> 0.65 < bold.expect(0.95) < 0.78
    True
    """

    def __init__(self, held: Sequence[Answer], near: float | None = None) -> None:
        self.rows, self.near = len(held), near
        self.slope, self.base = 1.0, 0.0
        if len(held) < FEW:
            return
        from scipy.optimize import minimize

        x = np.array([_odds(a.probability) for a in held])
        sign = np.array([1.0 if a.right else -1.0 for a in held])

        def cost(w: Any) -> float:
            away = (w[0] - 1) ** 2 + w[1] ** 2  # from the model's own probabilities
            return float(np.logaddexp(0.0, -sign * (w[0] * x + w[1])).sum() + PRIOR / 8 * away)

        self.slope, self.base = (float(w) for w in minimize(cost, np.array([1.0, 0.0])).x)

    def expect(self, probability: float) -> float:
        """How often an answer of a probability is right."""
        return 1 / (1 + math.exp(-(self.slope * _odds(probability) + self.base)))


def calibrate_errors(errors: Sequence[float]) -> Calibration:
    """The calibration of answers that are numbers: held-out errors, of which `WITHIN` lie within the bound that live errors are held against.

    Source: Papadopoulos et al. 2002, ECML (a quantile of held-out errors holds for new rows of the same kind).

    >>> known = calibrate_errors([i / 100 for i in range(100)])
    >>> known.near, 0.75 < known.expect(WITHIN) < 0.85
    (0.79, True)
    """
    if not errors:
        return Calibration([])
    ordered = sorted(errors)
    near = ordered[max(0, math.ceil(WITHIN * len(ordered)) - 1)]
    return Calibration([Answer(WITHIN, e <= near) for e in ordered], near)


def compare(answers: Iterable[Answer], known: Calibration) -> Labelled:
    """Compare answers with what held-out rows let expect.

    Two tests, each with half of the level: of all answers, and of the newest ones from any moment on, so that a change is found after any number
    of right answers. Equal rows that err together count as what they tell, not as many. Nothing is said of few rows, nor without held-out ones.

    Args:
        answers: in the order in which their labels came.
    """
    given = list(answers)
    if not given:
        return Labelled()
    expected = np.array([known.expect(a.probability) for a in given])
    right = np.array([a.right for a in given], dtype=float)
    rows, total = len(given), float(expected.sum())
    found = Labelled(rows, int(right.sum()), round(total, 2), near=known.near)
    if rows < FEW or known.rows < FEW:
        return found
    scale = _alone([a.content for a in given], right - expected)
    share = total / rows
    told = compared(right.sum() * scale, rows * scale, share * known.rows, known.rows)  # type: ignore[arg-type]
    of_all = told.p if told.difference < 0 else 1.0
    start, p = newest(right, expected, [a.content for a in given], known.rows, FEW)
    if p < of_all:
        return Labelled(rows - start, int(right[start:].sum()), round(float(expected[start:].sum()), 2), min(1.0, 2 * p), rows, known.near)
    return Labelled(rows, found.right, found.expected, min(1.0, 2 * of_all), rows, known.near)


def _alone(contents: Sequence[str], errors: Any) -> float:
    """As how large a share of its rows a sample counts, where equal rows err alike."""
    sums: Mapping[str, float] = defaultdict(float)
    errors = errors - errors.mean()
    for i, (content, error) in enumerate(zip(contents, errors, strict=True)):
        sums[content or f"#{i}"] += float(error)  # type: ignore[index]
    apart, together = float((errors**2).sum()), sum(v * v for v in sums.values())
    if apart < 1e-9:  # one row that came often, or no error that differs from another
        return len(sums) / len(contents)
    return min(1.0, apart / together) if together > 1e-9 else 1.0


def _odds(p: float) -> float:
    p = min(0.999, max(0.001, p))
    return math.log(p / (1 - p))
