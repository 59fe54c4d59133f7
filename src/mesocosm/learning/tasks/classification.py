"""One of two or more classes. Knows judge's figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.heads.blend import softmax
from mesocosm.learning.tasks.baseline_settings import plain
from mesocosm.learning.tasks.task import Task

Array = np.ndarray[Any, Any]


class Classes(Task):
    """A category or boolean: probabilities of its values."""

    output = "probabilities"

    def plain(self, value: Any) -> Any:
        """The value as a label."""
        return (
            None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        )

    def fit(self, name: str, targets: Sequence[Any]) -> None:
        """Learn which classes there are."""
        self.labels = sorted({str(t) for t in targets})
        self.classes = len(self.labels)
        if self.classes < 2:
            one = f"'{self.labels[0]}' only" if self.labels else "no value"
            raise Wrong(
                "predict", f"the training rows of '{name}' hold {one}", "two classes or more"
            )
        self.index = {label: i for i, label in enumerate(self.labels)}

    def known(self, target: Any) -> bool:
        """Whether the training rows hold the class."""
        return target in self.index

    def encode(self, targets: Sequence[Any]) -> Array:
        """Class numbers, int64."""
        return np.array([self.index[str(t)] for t in targets], dtype=np.int64)

    def said(self, logits: Array) -> Array:
        """Probabilities."""
        return softmax(logits)

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows with the same top class."""
        return float((ours.argmax(1) == theirs.argmax(1)).mean())

    def report(self, said: Array, parts: Any, seed: int) -> dict[str, Any]:
        """Accuracy and its kin, per class, beside a majority and a linear model."""
        y = parts.y["test"]
        metrics = evaluation_metrics.evaluate_classifier(said, y, self.labels, seed)
        beside = evaluation_metrics.fit_baselines(*plain(parts), parts.y["train"], y, self.classes)
        metrics["baselines"] = {
            name: self.against(said, other, y) for name, other in beside.items()
        }
        return metrics | {
            f"gain_over_{name}": figures["gain"] for name, figures in metrics["baselines"].items()
        }

    def against(self, said: Array, other: Array, y: Array) -> dict[str, Any]:
        """The other's figures, the gain in accuracy and McNemar's p."""
        found: dict[str, Any] = {
            k: round(v, 4)
            for k, v in evaluation_metrics.classification_metrics(other, y).items()
            if v == v
        }
        right, theirs = said.argmax(1) == y, other.argmax(1) == y
        return found | {
            "gain": round(float(right.mean() - theirs.mean()), 4),
            "p": round(evaluation_metrics.mcnemar(right, theirs), 6),
        }

    def sentence(self, metrics: dict[str, Any]) -> str:
        """Accuracy and macro F1."""
        return (
            f"accuracy {metrics['accuracy']:.3f} {metrics['interval']['accuracy']}, macro F1"
            f" {metrics['macro_f1']:.3f}"
        )

    def wrong(self, said: Array, parts: Any) -> Array:
        """Rows of another class."""
        return np.asarray(said.argmax(1) != parts.y["test"])
