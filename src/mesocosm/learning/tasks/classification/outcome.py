"""Classification: one of two or more classes. Knows the metrics of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.heads.blend import softmax
from mesocosm.learning.tasks.baseline_settings import build_baseline_features
from mesocosm.learning.tasks.outcome import Outcome, raise_single_value, round_known

Array = np.ndarray[Any, Any]


class ClassOutcome(Outcome):
    """A category or boolean: probabilities of its values."""

    output = "probabilities"

    def parse_target(self, value: Any) -> Any:
        """The value as a label."""
        if value is None:
            return None
        return str(value).lower() if isinstance(value, bool) else str(value)

    def fit(self, name: str, targets: Sequence[Any]) -> None:
        """Collect the classes."""
        self.labels = sorted({str(t) for t in targets})
        self.classes = len(self.labels)
        if self.classes < 2:
            raise_single_value(name, self.labels, "two classes or more")
        self.index = {label: i for i, label in enumerate(self.labels)}

    def is_known(self, target: Any) -> bool:
        """Whether the training rows hold the class."""
        return target in self.index

    def encode(self, targets: Sequence[Any]) -> Array:
        """Class numbers, int64."""
        return np.array([self.index[str(t)] for t in targets], dtype=np.int64)

    def decode(self, logits: Array) -> Array:
        """Probabilities."""
        return softmax(logits)

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows with the same top class."""
        return float((ours.argmax(1) == theirs.argmax(1)).mean())

    def evaluate(self, predictions: Array, parts: Any, seed: int) -> dict[str, Any]:
        """Accuracy and related metrics, per class, compared with majority and a linear model."""
        y = parts.y["test"]
        metrics = evaluation_metrics.evaluate_classifier(predictions, y, self.labels, seed)
        features = build_baseline_features(parts)
        baselines = evaluation_metrics.fit_baselines(*features, parts.y["train"], y, self.classes)
        compared = {name: self.compare(predictions, other, y) for name, other in baselines.items()}
        metrics["baselines"] = compared
        return metrics | {f"gain_over_{n}": b["gain"] for n, b in compared.items()}

    def compare(self, predictions: Array, other: Array, y: Array) -> dict[str, Any]:
        """The other's metrics, our gain in accuracy and McNemar's p."""
        metrics = round_known(evaluation_metrics.classification_metrics(other, y))
        right, theirs = predictions.argmax(1) == y, other.argmax(1) == y
        return metrics | {
            "gain": round(float(right.mean() - theirs.mean()), 4),
            "p": round(evaluation_metrics.mcnemar(right, theirs), 6),
        }

    def summarize(self, metrics: dict[str, Any]) -> str:
        """Accuracy and macro F1."""
        return (
            f"accuracy {metrics['accuracy']:.3f} {metrics['interval']['accuracy']}, macro F1"
            f" {metrics['macro_f1']:.3f}"
        )

    def find_errors(self, predictions: Array, parts: Any) -> Array:
        """Rows of another class."""
        return np.asarray(predictions.argmax(1) != parts.y["test"])
