"""Several labels at once, as tags are. Knows the figures of labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.features.tabular import BETWEEN
from mesocosm.learning.heads.blend import sigmoid
from mesocosm.learning.heads.kernel import labels_loss
from mesocosm.learning.tasks.baseline_settings import plain
from mesocosm.learning.tasks.task import Task

Array = np.ndarray[Any, Any]
MOST = 2000  # different labels


def f1(there: Array, y: Array, axis: int | None = None) -> Array:
    """F1 of labels said against those there; over all, or along an axis. Nothing said where nothing
    is there counts as right.

    >>> float(f1(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]])))
    0.8
    """
    hit, all_ = (there & y).sum(axis), there.sum(axis) + y.sum(axis)
    return np.asarray(np.where(all_ > 0, 2 * hit / np.maximum(all_, 1), 1.0))


class Labels(Task):
    """A list: the probability of each of its values being there.

    Source: Tsoumakas and Katakis 2007, Multi-Label Classification: An Overview (the figures).
    """

    output = "probabilities"
    many = True

    def plain(self, value: Any) -> Any:
        """The values with "; " between, as the field has them."""
        return None if value is None else str(value)

    def fit(self, name: str, targets: Sequence[Any]) -> None:
        """Learn which labels there are."""
        self.labels = sorted({one for t in targets for one in str(t).split(BETWEEN)})
        self.classes = len(self.labels)
        if self.classes < 2:
            one = f"'{self.labels[0]}' only" if self.labels else "no value"
            raise Wrong(
                "predict", f"the training rows of '{name}' hold {one}", "two labels or more"
            )
        if self.classes > MOST:
            raise Wrong(
                "predict",
                f"the training rows of '{name}' hold {self.classes} different labels",
                f"at most {MOST}, or 'values' in the field",
            )
        self.index = {label: i for i, label in enumerate(self.labels)}

    def known(self, target: Any) -> bool:
        """Whether the training rows hold every label."""
        return target is not None and all(one in self.index for one in str(target).split(BETWEEN))

    def encode(self, targets: Sequence[Any]) -> Array:
        """Whether each label is there, int8 (rows, labels)."""
        found = np.zeros((len(targets), self.classes), dtype=np.int8)
        for row, target in enumerate(targets):
            for one in str(target).split(BETWEEN):
                found[row, self.index[one]] = 1
        return found

    def said(self, logits: Array) -> Array:
        """The probability of each label."""
        return sigmoid(logits)

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of labels said alike."""
        return float(((ours >= 0.5) == (theirs >= 0.5)).mean())

    def report(self, said: Array, parts: Any, seed: int) -> dict[str, Any]:
        """F1 over all labels, over labels and over rows, the share of rows without an error, per
        label; beside shares and a linear model.
        """
        y = parts.y["test"]
        found: dict[str, Any] = {
            k: round(v, 4) if v == v else None for k, v in self.figures(said, y).items()
        }
        there, per_row = (said >= 0.5).astype(np.int8), f1((said >= 0.5).astype(np.int8), y, 1)
        found["interval"] = {
            "micro_f1": evaluation_metrics.bootstrap_interval(
                lambda i: float(f1(there[i], y[i])), len(y), seed
            ),
            "macro_f1": evaluation_metrics.bootstrap_interval(
                lambda i: float(f1(there[i], y[i], 0).mean()), len(y), seed, 60
            ),
            "example_f1": evaluation_metrics.bootstrap_interval(
                lambda i: float(per_row[i].mean()), len(y), seed
            ),
        }
        found["rows"] = len(y)
        found["classes"] = {
            label: self._one(there[:, k], y[:, k]) for k, label in enumerate(self.labels)
        }
        found["baselines"] = {
            name: self.against(said, other, y) for name, other in self._beside(parts).items()
        }
        return found | {
            f"gain_over_{name}": figures["gain"] for name, figures in found["baselines"].items()
        }

    def figures(self, p: Array, y: Array) -> dict[str, float]:
        """The main figures of probabilities (rows, labels)."""
        there = (p >= 0.5).astype(np.int8)
        areas = [
            evaluation_metrics.auc(np.stack([1 - p[:, k], p[:, k]], 1), y[:, k])
            for k in range(y.shape[1])
        ]
        known = [a for a in areas if a == a]
        return {
            "micro_f1": float(f1(there, y)),
            "macro_f1": float(f1(there, y, 0).mean()),
            "example_f1": float(f1(there, y, 1).mean()),
            "subset_accuracy": float((there == y).all(1).mean()),
            "hamming_loss": float((there != y).mean()),
            "auc": float(np.mean(known)) if known else float("nan"),
            "log_loss": labels_loss(
                np.log(np.clip(p, 1e-9, 1 - 1e-9) / np.clip(1 - p, 1e-9, 1)), y
            ),
        }

    def _one(self, there: Array, y: Array) -> dict[str, Any]:
        hit, real, told = int((there & y).sum()), int(y.sum()), int(there.sum())
        return {
            "rows": real,
            "precision": round(hit / told, 4) if told else None,
            "recall": round(hit / real, 4) if real else None,
            "f1": round(2 * hit / (real + told), 4) if real + told else None,
        }

    def _beside(self, parts: Any) -> dict[str, Array]:
        """What each label's share, and a plain linear model a label, say of the test rows."""
        from sklearn.linear_model import LogisticRegression

        y, rows = parts.y["train"], len(parts.y["test"])
        train, test = plain(parts)
        share = np.tile(y.mean(0), (rows, 1))
        p = share.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for k in range(y.shape[1]):
                if 0 < y[:, k].sum() < len(y):
                    p[:, k] = (
                        LogisticRegression(C=10.0, max_iter=60, tol=1e-4)
                        .fit(train, y[:, k])
                        .predict_proba(test)[:, 1]
                    )
        return {"majority": share, "linear": p}

    def against(self, said: Array, other: Array, y: Array) -> dict[str, Any]:
        """The other's figures, the gain in F1 over all labels, and Wilcoxon's p over the F1 of
        rows.
        """
        from scipy.stats import wilcoxon

        found: dict[str, Any] = {
            k: round(v, 4) for k, v in self.figures(other, y).items() if v == v
        }
        ours, theirs = ((p >= 0.5).astype(np.int8) for p in (said, other))
        mine, its = f1(ours, y, 1), f1(theirs, y, 1)
        return found | {
            "gain": round(float(f1(ours, y) - f1(theirs, y)), 4),
            "p": round(float(wilcoxon(mine, its).pvalue), 6) if np.any(mine != its) else 1.0,
        }

    def sentence(self, metrics: dict[str, Any]) -> str:
        """F1 over all labels and the share of rows without an error."""
        return (
            f"micro F1 {metrics['micro_f1']:.3f} {metrics['interval']['micro_f1']}, every label"
            f" right on {metrics['subset_accuracy']:.1%} of the rows"
        )

    def wrong(self, said: Array, parts: Any) -> Array:
        """Rows with a label too many or too few."""
        return np.asarray(((said >= 0.5) != parts.y["test"]).any(1))

    def card(self, head: Any) -> dict[str, Any]:
        """The labels, of which several may be there."""
        return {"labels": self.labels, "many": True}
