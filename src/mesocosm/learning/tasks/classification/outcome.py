"""Classification: one of two or more classes. Knows the metrics of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.learning.arrays import Array, Mask
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.heads.blend import softmax
from mesocosm.learning.tasks.baseline_settings import build_baseline_features
from mesocosm.learning.tasks.outcome import (
    Metrics,
    Outcome,
    gains_of,
    raise_single_value,
    read_interval,
    round_known,
)

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits


class ClassOutcome(Outcome):
    """A category or boolean: probabilities of its values."""

    output = "probabilities"

    def parse_target(self, value: object) -> str | None:
        """The value as a label."""
        if value is None:
            return None
        if isinstance(value, bool):
            return str(value).lower()
        return str(value)

    def fit(self, name: str, targets: Sequence[object]) -> None:
        """Collect the classes."""
        self.labels = sorted({str(t) for t in targets})
        self.classes = len(self.labels)
        if self.classes < 2:
            raise_single_value(name, self.labels, Message("learning.two_classes"))
        self.index = {label: i for i, label in enumerate(self.labels)}

    def is_known(self, target: object) -> bool:
        """Whether the training rows hold the class."""
        return target in self.index

    def encode(self, targets: Sequence[object]) -> Array:
        """Class numbers, int64."""
        return np.array([self.index[str(t)] for t in targets], dtype=np.int64)

    def decode(self, logits: Array) -> Array:
        """Probabilities."""
        return softmax(logits)

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows with the same top class."""
        return float((ours.argmax(1) == theirs.argmax(1)).mean())

    def evaluate(self, predictions: Array, parts: Splits, seed: int) -> Metrics:
        """Accuracy and related metrics, per class, compared with majority and a linear model."""
        y = parts.y["test"]
        metrics: Metrics = evaluation_metrics.evaluate_classifier(predictions, y, self.labels, seed)
        features = build_baseline_features(parts)
        fitted = evaluation_metrics.fit_baselines(*features, parts.y["train"], y, self.classes)
        baselines = {name: self.compare(predictions, other, y) for name, other in fitted.items()}
        metrics["baselines"] = baselines
        return metrics | gains_of(baselines)

    def compare(self, predictions: Array, other: Array, y: Array) -> dict[str, float]:
        """The other's metrics, our gain in accuracy and McNemar's p."""
        metrics = round_known(evaluation_metrics.classification_metrics(other, y))
        right: Mask = predictions.argmax(1) == y
        theirs: Mask = other.argmax(1) == y
        return metrics | {
            "gain": round(float(right.mean() - theirs.mean()), 4),
            "p": round(evaluation_metrics.mcnemar(right, theirs), 6),
        }

    def summarize(self, metrics: Mapping[str, object]) -> Message:
        """Accuracy and macro F1."""
        return Message(
            "progress.classification",
            accuracy=f"{metrics['accuracy']:.3f}",
            interval=str(read_interval(metrics, "accuracy")),
            macro_f1=f"{metrics['macro_f1']:.3f}",
        )

    def find_errors(self, predictions: Array, parts: Splits) -> Array:
        """Rows of another class."""
        return np.asarray(predictions.argmax(1) != parts.y["test"])
