"""Multi-label classification: several labels at once, as tags are. Knows the metrics of labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.features.tabular import BETWEEN
from mesocosm.learning.heads.blend import sigmoid
from mesocosm.learning.heads.kernel import multi_label_loss
from mesocosm.learning.tasks.baseline_settings import build_baseline_features
from mesocosm.learning.tasks.outcome import Outcome, raise_single_value, round_known, round_or_none
from mesocosm.learning.tasks.significance import wilcoxon_p

Array = np.ndarray[Any, Any]
MAX_LABELS = 2000  # different labels


def score_f1(there: Array, y: Array, axis: int | None = None) -> Array:
    """F1 of predicted labels against the true ones, 0/1 (rows, labels); over all, or along an axis.
    No prediction where there is no label counts as right.

    >>> float(score_f1(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]])))
    0.8
    """
    hit, all_ = (there & y).sum(axis), there.sum(axis) + y.sum(axis)
    return np.asarray(np.where(all_ > 0, 2 * hit / np.maximum(all_, 1), 1.0))


def _ratio(part: float, whole: float) -> float | None:
    """A share rounded to four places; None of nothing."""
    return round(part / whole, 4) if whole else None


class LabelsOutcome(Outcome):
    """A list: the probability of each of its values.

    Source: Tsoumakas and Katakis 2007, Multi-Label Classification: An Overview (the figures).
    """

    output = "probabilities"
    many = True

    def parse_target(self, value: Any) -> Any:
        """The values with "; " between, as the field has them."""
        if value is None:
            return None
        return str(value)

    def fit(self, name: str, targets: Sequence[Any]) -> None:
        """Collect the labels."""
        labels: set[str] = set()
        for target in targets:
            labels |= set(str(target).split(BETWEEN))
        self.labels = sorted(labels)
        self.classes = len(self.labels)
        if self.classes < 2:
            raise_single_value(name, self.labels, "two labels or more")
        if self.classes > MAX_LABELS:
            raise ConfigValueError(
                "target",
                f"the training rows of '{name}' hold {self.classes} different labels",
                f"at most {MAX_LABELS}, or 'values' in the field",
            )
        self.index = {label: i for i, label in enumerate(self.labels)}

    def is_known(self, target: Any) -> bool:
        """Whether the training rows hold every label."""
        return target is not None and all(one in self.index for one in str(target).split(BETWEEN))

    def encode(self, targets: Sequence[Any]) -> Array:
        """Whether each label is there, int8 (rows, labels)."""
        found = np.zeros((len(targets), self.classes), dtype=np.int8)
        for row, target in enumerate(targets):
            for one in str(target).split(BETWEEN):
                found[row, self.index[one]] = 1
        return found

    def decode(self, logits: Array) -> Array:
        """The probability of each label."""
        return sigmoid(logits)

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of labels predicted alike."""
        return float(((ours >= 0.5) == (theirs >= 0.5)).mean())

    def evaluate(self, predictions: Array, parts: Any, seed: int) -> dict[str, Any]:
        """F1 over all labels, over labels and over rows, the share of rows without an error, per
        label; compared with label shares and a linear model.
        """
        y = parts.y["test"]
        metrics = round_or_none(self.figures(predictions, y))
        present = (predictions >= 0.5).astype(np.int8)
        per_row = score_f1(present, y, 1)
        bootstrap_interval = evaluation_metrics.bootstrap_interval
        metrics["interval"] = {
            "micro_f1": bootstrap_interval(
                lambda i: float(score_f1(present[i], y[i])), len(y), seed
            ),
            "macro_f1": bootstrap_interval(
                lambda i: float(score_f1(present[i], y[i], 0).mean()), len(y), seed, 60
            ),
            "example_f1": bootstrap_interval(lambda i: float(per_row[i].mean()), len(y), seed),
        }
        metrics["rows"] = len(y)
        metrics["classes"] = {
            label: self._evaluate_label(present[:, k], y[:, k])
            for k, label in enumerate(self.labels)
        }
        baselines = self._fit_baselines(parts)
        metrics["baselines"] = {n: self.compare(predictions, p, y) for n, p in baselines.items()}
        return metrics | {f"gain_over_{n}": b["gain"] for n, b in metrics["baselines"].items()}

    def figures(self, p: Array, y: Array) -> dict[str, float]:
        """The main metrics of probabilities (rows, labels); nan where one is undefined."""
        present = (p >= 0.5).astype(np.int8)
        areas = [
            evaluation_metrics.auc(np.stack([1 - p[:, k], p[:, k]], 1), y[:, k])
            for k in range(y.shape[1])
        ]
        known = [area for area in areas if not np.isnan(area)]
        logits = np.log(np.clip(p, 1e-9, 1 - 1e-9) / np.clip(1 - p, 1e-9, 1))
        return {
            "micro_f1": float(score_f1(present, y)),
            "macro_f1": float(score_f1(present, y, 0).mean()),
            "example_f1": float(score_f1(present, y, 1).mean()),
            "subset_accuracy": float((present == y).all(1).mean()),
            "hamming_loss": float((present != y).mean()),
            "auc": float(np.mean(known)) if known else float("nan"),
            "log_loss": multi_label_loss(logits, y),
        }

    def _evaluate_label(self, present: Array, y: Array) -> dict[str, Any]:
        """Precision, recall and F1 of one label; None where one is undefined."""
        hits, real, predicted = int((present & y).sum()), int(y.sum()), int(present.sum())
        return {
            "rows": real,
            "precision": _ratio(hits, predicted),
            "recall": _ratio(hits, real),
            "f1": _ratio(2 * hits, real + predicted),
        }

    def _fit_baselines(self, parts: Any) -> dict[str, Array]:
        """Probabilities of the test rows by each label's share, and by a linear model per label."""
        from sklearn.linear_model import LogisticRegression

        y, rows = parts.y["train"], len(parts.y["test"])
        train, test = build_baseline_features(parts)
        share = np.tile(y.mean(0), (rows, 1))
        p = share.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for k in range(y.shape[1]):
                if 0 < y[:, k].sum() < len(y):
                    model = LogisticRegression(C=10.0, max_iter=60, tol=1e-4).fit(train, y[:, k])
                    p[:, k] = model.predict_proba(test)[:, 1]
        return {"majority": share, "linear": p}

    def compare(self, predictions: Array, other: Array, y: Array) -> dict[str, Any]:
        """The other's metrics, our gain in F1 over all labels, and Wilcoxon's p over the F1 of
        rows.
        """
        ours, theirs = ((p >= 0.5).astype(np.int8) for p in (predictions, other))
        return round_known(self.figures(other, y)) | {
            "gain": round(float(score_f1(ours, y) - score_f1(theirs, y)), 4),
            "p": wilcoxon_p(score_f1(ours, y, 1), score_f1(theirs, y, 1)),
        }

    def summarize(self, metrics: dict[str, Any]) -> str:
        """F1 over all labels and the share of rows without an error."""
        return (
            f"micro F1 {metrics['micro_f1']:.3f} {metrics['interval']['micro_f1']}, every label"
            f" right on {metrics['subset_accuracy']:.1%} of the rows"
        )

    def find_errors(self, predictions: Array, parts: Any) -> Array:
        """Rows with a label too many or too few."""
        return np.asarray(((predictions >= 0.5) != parts.y["test"]).any(1))

    def describe(self, head: Any, parts: Any, seed: int) -> dict[str, Any]:
        """The labels, of which several may be there."""
        return {"labels": self.labels, "many": True}
