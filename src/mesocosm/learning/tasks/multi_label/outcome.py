"""Multi-label classification: several labels at once, as tags are. Knows the metrics of labels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Floats, Ints
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.features.tabular import BETWEEN
from mesocosm.learning.heads.blend import sigmoid
from mesocosm.learning.heads.kernel import multi_label_loss
from mesocosm.learning.tasks.baseline_settings import build_baseline_features
from mesocosm.learning.tasks.outcome import (
    Metrics,
    Outcome,
    gains_of,
    raise_single_value,
    read_interval,
    round_known,
    round_or_none,
)
from mesocosm.learning.tasks.significance import wilcoxon_p

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits

MAX_LABELS = 2000  # different labels


def score_f1(there: Ints, y: Ints, axis: int | None = None) -> Floats:
    """F1 of predicted labels against the true ones, 0/1 (rows, labels); over all, or along an axis.
    No prediction where there is no label counts as right.

    >>> float(score_f1(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]])))
    0.8
    """
    hit: Ints = np.asarray((there & y).sum(axis))
    total: Ints = np.asarray(there.sum(axis) + y.sum(axis))
    return np.asarray(np.where(total > 0, 2 * hit / np.maximum(total, 1), 1.0))


def _ratio(part: float, whole: float) -> float | None:
    """A share rounded to four places; None of nothing."""
    if not whole:
        return None
    return round(part / whole, 4)


def _present(p: Array) -> Ints:
    """Which labels are predicted, 0/1."""
    return (p >= 0.5).astype(np.int8)


def _as_labels(y: Array) -> Ints:
    """Encoded targets as `encode` gives them."""
    return y.astype(np.int8, copy=False)


class LabelsOutcome(Outcome):
    """A list: the probability of each of its values.

    Source: Tsoumakas and Katakis 2007, Multi-Label Classification: An Overview (the figures).
    """

    output = "probabilities"
    many = True

    def parse_target(self, value: object) -> str | None:
        """The values with "; " between, as the field has them."""
        if value is None:
            return None
        return str(value)

    def fit(self, name: str, targets: Sequence[object]) -> None:
        """Collect the labels."""
        labels: set[str] = set()
        for target in targets:
            labels |= set(str(target).split(BETWEEN))
        self.labels = sorted(labels)
        self.classes = len(self.labels)
        if self.classes < 2:
            raise_single_value(name, self.labels, Message("learning.two_labels"))
        if self.classes > MAX_LABELS:
            raise ConfigValueError(
                "target",
                Message("learning.many_labels", name=name, labels=self.classes),
                Message("learning.most_labels", most=MAX_LABELS),
            )
        self.index = {label: i for i, label in enumerate(self.labels)}

    def is_known(self, target: object) -> bool:
        """Whether the training rows hold every label."""
        return target is not None and all(one in self.index for one in str(target).split(BETWEEN))

    def encode(self, targets: Sequence[object]) -> Array:
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

    def evaluate(self, predictions: Array, parts: Splits, seed: int) -> Metrics:
        """F1 over all labels, over labels and over rows, the share of rows without an error, per
        label; compared with label shares and a linear model.
        """
        y = _as_labels(parts.y["test"])
        metrics = round_or_none(self.figures(predictions, y))
        present = _present(predictions)
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
        fitted = self._fit_baselines(parts)
        baselines = {name: self.compare(predictions, p, y) for name, p in fitted.items()}
        metrics["baselines"] = baselines
        return metrics | gains_of(baselines)

    def figures(self, p: Array, y: Array) -> dict[str, float]:
        """The main metrics of probabilities (rows, labels); nan where one is undefined."""
        present, y = _present(p), _as_labels(y)
        areas = [
            evaluation_metrics.auc(np.stack([1 - p[:, k], p[:, k]], 1), y[:, k])
            for k in range(y.shape[1])
        ]
        known = [area for area in areas if not np.isnan(area)]
        area = float("nan")
        if known:
            area = float(np.mean(known))
        logits = np.log(np.clip(p, 1e-9, 1 - 1e-9) / np.clip(1 - p, 1e-9, 1))
        return {
            "micro_f1": float(score_f1(present, y)),
            "macro_f1": float(score_f1(present, y, 0).mean()),
            "example_f1": float(score_f1(present, y, 1).mean()),
            "subset_accuracy": float((present == y).all(1).mean()),
            "hamming_loss": float((present != y).mean()),
            "auc": area,
            "log_loss": multi_label_loss(logits, y),
        }

    def _evaluate_label(self, present: Ints, y: Ints) -> dict[str, float | None]:
        """Precision, recall and F1 of one label; None where one is undefined."""
        hits, real, predicted = int((present & y).sum()), int(y.sum()), int(present.sum())
        return {
            "rows": real,
            "precision": _ratio(hits, predicted),
            "recall": _ratio(hits, real),
            "f1": _ratio(2 * hits, real + predicted),
        }

    def _fit_baselines(self, parts: Splits) -> dict[str, Floats]:
        """Probabilities of the test rows by each label's share, and by a linear model per label."""
        from sklearn.linear_model import LogisticRegression

        y, rows = _as_labels(parts.y["train"]), len(parts.y["test"])
        train, test = build_baseline_features(parts)
        share: Floats = np.tile(y.mean(0), (rows, 1))
        p = share.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for k in range(y.shape[1]):
                if 0 < y[:, k].sum() < len(y):
                    model = LogisticRegression(C=10.0, max_iter=60, tol=1e-4).fit(train, y[:, k])
                    p[:, k] = model.predict_proba(test)[:, 1]
        return {"majority": share, "linear": p}

    def compare(self, predictions: Array, other: Array, y: Array) -> dict[str, float]:
        """The other's metrics, our gain in F1 over all labels, and Wilcoxon's p over the F1 of
        rows.
        """
        ours, theirs, y = _present(predictions), _present(other), _as_labels(y)
        return round_known(self.figures(other, y)) | {
            "gain": round(float(score_f1(ours, y) - score_f1(theirs, y)), 4),
            "p": wilcoxon_p(score_f1(ours, y, 1), score_f1(theirs, y, 1)),
        }

    def summarize(self, metrics: Mapping[str, object]) -> Message:
        """F1 over all labels and the share of rows without an error."""
        return Message(
            "progress.multi_label",
            micro_f1=f"{metrics['micro_f1']:.3f}",
            interval=str(read_interval(metrics, "micro_f1")),
            subset=f"{metrics['subset_accuracy']:.1%}",
        )

    def find_errors(self, predictions: Array, parts: Splits) -> Array:
        """Rows with a label too many or too few."""
        return np.asarray(((predictions >= 0.5) != parts.y["test"]).any(1))

    def describe(self, head: object, parts: Splits, seed: int) -> dict[str, Json]:
        """The labels, of which several may be there."""
        return {"labels": self.labels, "many": True}
