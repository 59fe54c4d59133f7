"""One of several classes in an order, as grades are. Knows the figures of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.tasks.classification import Classes

Array = np.ndarray[Any, Any]


def middle(p: Array) -> Array:
    """The class in the middle of each row's probabilities: the one with the least expected
    distance.

    >>> middle(np.array([[0.4, 0.25, 0.35], [0.1, 0.1, 0.8]])).tolist()
    [1, 2]
    """
    return np.asarray((np.cumsum(p, 1) >= 0.5 - 1e-9).argmax(1))


def kappa(y: Array, said: Array, classes: int) -> float:
    """Agreement beyond chance, each error weighed by the square of its steps; nan where nothing
    varies.

    Source: Cohen 1968, Psychological Bulletin 70.
    """
    seen = np.bincount(y * classes + said, minlength=classes * classes).reshape(
        classes, classes
    ) / max(1, len(y))
    steps = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2
    chance = float((np.outer(seen.sum(1), seen.sum(0)) * steps).sum())
    return 1 - float((seen * steps).sum()) / chance if chance else float("nan")


class Ordinal(Classes):
    """A category whose values have an order; what is said of a row is the middle of its
    probabilities.

    Args:
        order: the values from the least to the greatest.

    Source: Agresti, Analysis of Ordinal Categorical Data (2010); Frank and Hall 2001, ECML.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self.order = list(order)

    def fit(self, name: str, targets: Sequence[Any]) -> None:
        """Learn which classes there are; they keep their order."""
        super().fit(name, targets)
        self.labels = [label for label in self.order if label in self.index]
        self.index = {label: i for i, label in enumerate(self.labels)}

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows with the same class in the middle."""
        return float((middle(ours) == middle(theirs)).mean())

    def report(self, said: Array, parts: Any, seed: int) -> dict[str, Any]:
        """The figures of classes, and those of the order: steps off in the mean, and the weighted
        kappa.
        """
        y, at = parts.y["test"], middle(said)
        metrics = super().report(said, parts, seed)
        metrics |= {k: round(v, 4) if v == v else None for k, v in self._steps(y, at).items()}
        metrics["interval"]["rank_error"] = evaluation_metrics.bootstrap_interval(
            lambda i: float(np.abs(at[i] - y[i]).mean()), len(y), seed
        )
        return metrics

    def against(self, said: Array, other: Array, y: Array) -> dict[str, Any]:
        """The same of another, and the p of its steps being those of ours."""
        from scipy.stats import wilcoxon

        found = super().against(said, other, y) | {
            k: round(v, 4) for k, v in self._steps(y, middle(other)).items() if v == v
        }
        mine, theirs = np.abs(middle(said) - y), np.abs(middle(other) - y)
        return found | {
            "rank_p": (
                round(float(wilcoxon(mine, theirs).pvalue), 6) if np.any(mine != theirs) else 1.0
            )
        }

    def _steps(self, y: Array, at: Array) -> dict[str, float]:
        return {"rank_error": float(np.abs(at - y).mean()), "kappa": kappa(y, at, self.classes)}

    def sentence(self, metrics: dict[str, Any]) -> str:
        """Steps off, kappa and accuracy."""
        return (
            f"{metrics['rank_error']:.3f} steps off {metrics['interval']['rank_error']}, kappa"
            f" {metrics['kappa']:.3f}, accuracy {metrics['accuracy']:.3f}"
        )

    def card(self, head: Any) -> dict[str, Any]:
        """The classes in their order."""
        return super().card(head) | {"ordered": True}
