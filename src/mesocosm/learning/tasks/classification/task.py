"""Classification as a task. Knows what follows from one class a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from mesocosm.core.records import Json
from mesocosm.learning.tasks.row_task import RowTask
from mesocosm.learning.tasks.task import Leading, Record, TargetFacts, count_labels

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Array
    from mesocosm.learning.export.predictor import Version
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.classification.outcome import ClassOutcome

MAX_CLASSES = 5  # classes whose probabilities a prediction shows


class Classification(RowTask):
    """One of two or more classes.

    Attributes:
        ordered: whether the classes have an order.
    """

    ordered: ClassVar[bool] = False

    name = "classification"
    target_types = ("category", "boolean")
    metrics: ClassVar[tuple[str, ...]] = (
        "accuracy",
        "macro_f1",
        "auc",
        "log_loss",
        "brier",
        "calibration_error",
        "gain_over_majority",
        "gain_over_linear",
        "typo_accuracy",
        "paraphrase_accuracy",
        "parity_gap",
        "odds_gap",
        "accuracy_gap",
    )
    shown: ClassVar[tuple[str, ...]] = (
        "accuracy",
        "macro_f1",
        "auc",
        "log_loss",
        "brier",
        "calibration_error",
    )
    leading = Leading("accuracy", "accuracy", "McNemar")
    height = ("macro_f1", "macro F1")
    has_class = True

    def fits(self, model: Model, target: TargetFacts) -> bool:
        """Whether the target has classes, in an order or not."""
        return super().fits(model, target) and target.ordered == self.ordered

    def has_outputs(self, recipe: Record) -> bool:
        """Classes without an order, of which a row has one."""
        return not (recipe.get("scale") or recipe.get("many") or recipe.get("ordered"))

    def make_outcome(self, order: Sequence[str]) -> ClassOutcome:
        """The classes that the training rows hold."""
        from mesocosm.learning.tasks.classification.outcome import ClassOutcome

        return ClassOutcome()

    def present(
        self, version: Version, columns: Mapping[str, Sequence[object]], outputs: Array
    ) -> list[dict[str, Json]]:
        """The class, its probability, and those of the most likely classes."""
        return [
            present_class(version.labels, p, int(first))
            for p, first in zip(outputs, self.choose(outputs), strict=True)
        ]

    def choose(self, outputs: Array) -> Array:
        """The predicted class of each row (rows,), by number."""
        chosen: Array = outputs.argmax(1)
        return chosen

    def describe(self, recipe: Record) -> str:
        """How many classes."""
        classes = count_labels(recipe)
        if not classes:
            return "Predicts a number"
        return f"Predicts one of {classes} classes"


def present_class(labels: Sequence[str], p: Array, first: int) -> dict[str, Json]:
    """A class as a prediction.

    Args:
        labels: the classes.
        p: their probabilities, (classes,).
        first: the number of the predicted class.
    """
    order = (-p).argsort()[:MAX_CLASSES]
    return {
        "label": labels[first],
        "probability": round(float(p[first]), 6),
        "probabilities": {labels[int(i)]: round(float(p[i]), 6) for i in order},
    }
