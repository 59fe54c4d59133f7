"""Multi-label classification as a task. Knows what follows from several labels a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from mesocosm.core.faults import Fault
from mesocosm.core.prediction_form import LABELS
from mesocosm.core.records import Json
from mesocosm.learning.tasks.row_task import RowTask
from mesocosm.learning.tasks.task import CheckedModel, ForeignMetrics, Leading, Record, count_labels

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Array
    from mesocosm.learning.export.predictor import Version
    from mesocosm.learning.tasks.multi_label.outcome import LabelsOutcome

METRICS = ("micro_f1", "example_f1", "subset_accuracy", "hamming_loss")
NONE = "(none)"  # the label of a row without labels
MAX_LABELS = 10  # labels whose probabilities a prediction shows


class MultiLabel(RowTask):
    """Several labels at once."""

    name = "multi_label"
    target_types = ("list",)
    metrics = METRICS
    shown = METRICS
    leading = Leading("micro_f1", "micro F1")
    foreign = ForeignMetrics(METRICS, "config.multi_label_metric", "config.other_metric")
    height = ("macro_f1", "macro F1")
    form = LABELS
    of = "labels"
    predicts = "several labels"

    def has_outputs(self, recipe: Record) -> bool:
        """Labels of which several may be there."""
        return bool(recipe.get("many"))

    def check(self, checked: CheckedModel) -> Iterator[Fault]:
        """No groups of people, and the checks of rows."""
        from mesocosm.learning.tasks.row_checks import check_fairness

        yield from check_fairness(checked, "config.fairness_not_of_list")
        yield from super().check(checked)

    def make_outcome(self, order: Sequence[str]) -> LabelsOutcome:
        """The labels that the training rows hold."""
        from mesocosm.learning.tasks.multi_label.outcome import LabelsOutcome

        return LabelsOutcome()

    def present(
        self, version: Version, columns: Mapping[str, Sequence[object]], outputs: Array
    ) -> list[dict[str, Json]]:
        """The labels of a probability of at least 0.5, also as one text, and the probabilities of
        the most likely ten.
        """
        return [_present_labels(version.labels, p) for p in outputs]

    def describe(self, recipe: Record) -> str:
        """How many labels."""
        return f"Predicts one of {count_labels(recipe)} classes"

    def explained_label(self, output: Record) -> str:
        """The most probable of those predicted, or of all where none is."""
        probabilities = cast("Mapping[str, float]", output["probabilities"])
        return max(probabilities, key=lambda label: probabilities[label])


def _present_labels(labels: Sequence[str], p: Array) -> dict[str, Json]:
    from mesocosm.learning.features.tabular import BETWEEN

    predicted = [label for label, share in zip(labels, p, strict=True) if share >= 0.5]
    likely = (-p).argsort()[:MAX_LABELS]
    return {
        "label": BETWEEN.join(predicted) or NONE,
        "labels": predicted,
        "probabilities": {labels[int(i)]: round(float(p[i]), 6) for i in likely},
    }
