"""Ordinal classification: one of several classes in an order, as grades are. Knows the metrics of
classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.tasks.classification.outcome import ClassOutcome
from mesocosm.learning.tasks.outcome import (
    Metrics,
    read_interval,
    round_known,
    round_or_none,
)
from mesocosm.learning.tasks.significance import wilcoxon_p

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits


def median_class(p: Array) -> Array:
    """The median of each row's probabilities: the class of the least expected distance.

    >>> median_class(np.array([[0.4, 0.25, 0.35], [0.1, 0.1, 0.8]])).tolist()
    [1, 2]
    """
    return np.asarray((np.cumsum(p, 1) >= 0.5 - 1e-9).argmax(1))


def weighted_kappa(y: Array, predictions: Array, classes: int) -> float:
    """Agreement beyond chance, each error weighted by the square of its steps; nan where nothing
    varies.

    Source: Cohen 1968, Psychological Bulletin 70.
    """
    counts = np.bincount(y * classes + predictions, minlength=classes * classes)
    observed = counts.reshape(classes, classes) / max(1, len(y))
    steps = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2
    chance = float((np.outer(observed.sum(1), observed.sum(0)) * steps).sum())
    if not chance:
        return float("nan")
    return 1 - float((observed * steps).sum()) / chance


class OrdinalOutcome(ClassOutcome):
    """A category whose values have an order; a row's prediction is the median of its
    probabilities.

    Args:
        order: the values from the least to the greatest.

    Source: Agresti, Analysis of Ordinal Categorical Data (2010); Frank and Hall 2001, ECML.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self.order = list(order)

    def fit(self, name: str, targets: Sequence[object]) -> None:
        """Collect the classes in their order."""
        super().fit(name, targets)
        self.labels = [label for label in self.order if label in self.index]
        self.index = {label: i for i, label in enumerate(self.labels)}

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows with the same median class."""
        return float((median_class(ours) == median_class(theirs)).mean())

    def evaluate(self, predictions: Array, parts: Splits, seed: int) -> Metrics:
        """The metrics of classes, and those of the order: the mean of steps off, and the weighted
        kappa.
        """
        y, at = parts.y["test"], median_class(predictions)
        metrics = super().evaluate(predictions, parts, seed)
        metrics |= round_or_none(self._steps(y, at))
        steps = evaluation_metrics.bootstrap_interval(
            lambda i: float(np.abs(at[i] - y[i]).mean()), len(y), seed
        )
        intervals = metrics["interval"]
        assert isinstance(intervals, Mapping)
        metrics["interval"] = {**intervals, "rank_error": steps}
        return metrics

    def compare(self, predictions: Array, other: Array, y: Array) -> dict[str, float]:
        """The same of another, and Wilcoxon's p of the steps off."""
        theirs = median_class(other)
        errors = [np.abs(at - y) for at in (median_class(predictions), theirs)]
        metrics = super().compare(predictions, other, y) | round_known(self._steps(y, theirs))
        return metrics | {"rank_p": wilcoxon_p(*errors)}

    def _steps(self, y: Array, at: Array) -> dict[str, float]:
        return {
            "rank_error": float(np.abs(at - y).mean()),
            "kappa": weighted_kappa(y, at, self.classes),
        }

    def summarize(self, metrics: Mapping[str, object]) -> Message:
        """Steps off, kappa and accuracy."""
        return Message(
            "progress.ordinal",
            error=f"{metrics['rank_error']:.3f}",
            interval=str(read_interval(metrics, "rank_error")),
            kappa=f"{metrics['kappa']:.3f}",
            accuracy=f"{metrics['accuracy']:.3f}",
        )

    def describe(self, head: object, parts: Splits, seed: int) -> dict[str, Json]:
        """The classes in their order."""
        return super().describe(head, parts, seed) | {"ordered": True}
