"""Ordinal classification as a task. Knows what the order of classes changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesocosm.learning.tasks.classification.task import Classification
from mesocosm.learning.tasks.task import ForeignMetrics, Record

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Array
    from mesocosm.learning.tasks.ordinal.outcome import OrdinalOutcome

METRICS = ("rank_error", "kappa")


class Ordinal(Classification):
    """One of several classes in an order; the median of a row's probabilities is predicted."""

    name = "ordinal"
    ordered = True
    metrics = (*Classification.metrics, *METRICS)
    shown = (*Classification.shown, *METRICS)
    foreign = ForeignMetrics(
        METRICS,
        "config.ordinal_metric",
        "config.set_ordered",
    )

    def has_outputs(self, recipe: Record) -> bool:
        """Classes in an order."""
        return bool(recipe.get("ordered"))

    def make_outcome(self, order: Sequence[str]) -> OrdinalOutcome:
        """The classes in their order."""
        from mesocosm.learning.tasks.ordinal.outcome import OrdinalOutcome

        return OrdinalOutcome(order)

    def choose(self, outputs: Array) -> Array:
        """The median class of each row (rows,), by number."""
        from mesocosm.learning.tasks.ordinal.outcome import median_class

        return median_class(outputs)
