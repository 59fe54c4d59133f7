"""Honest figures: metrics of held-out rows with bootstrap intervals, and baselines beside them.

Knows numpy and scikit-learn's metrics. Knows nothing of how a model was made.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mesocosm.core.thresholds import holds

Array = np.ndarray[Any, Any]
MAIN = ("accuracy", "macro_f1", "auc", "log_loss", "brier", "calibration_error")


def calibration_error(p: Array, y: Array, bins: int = 10) -> float:
    """Expected calibration error of the top class over equal-width bins.

    Source: Naeini et al. 2015, AAAI.
    """
    top, right = p.max(1), p.argmax(1) == y
    which = np.minimum((top * bins).astype(int), bins - 1)
    gaps = [
        abs(top[which == b].mean() - right[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def macro_f1(y: Array, said: Array, classes: int) -> float:
    """Mean of the classes' F1 over classes that occur or were said."""
    table = np.bincount(y * classes + said, minlength=classes * classes).reshape(classes, classes)
    hit, real, told = np.diag(table), table.sum(1), table.sum(0)
    seen = (real + told) > 0
    return float(np.mean(2 * hit[seen] / (real + told)[seen]))


def auc(p: Array, y: Array) -> float:
    """Area under the ROC curve; the mean over one-against-rest for several classes; nan for one
    class.
    """
    from scipy.stats import rankdata

    areas = []
    for k in [1] if p.shape[1] == 2 else range(p.shape[1]):
        pos = y == k
        n, m = int(pos.sum()), int((~pos).sum())
        if n and m:
            areas.append((rankdata(p[:, k])[pos].sum() - n * (n + 1) / 2) / (n * m))
    return float(np.mean(areas)) if areas else float("nan")


def classification_metrics(p: Array, y: Array) -> dict[str, float]:
    """The main metrics of probabilities (rows, classes) against labels."""
    rows = np.arange(len(y))
    return {
        "accuracy": float((p.argmax(1) == y).mean()),
        "macro_f1": macro_f1(y, p.argmax(1), p.shape[1]),
        "auc": auc(p, y),
        "log_loss": float(-np.log(np.maximum(p[rows, y], 1e-12)).mean()),
        "brier": float(((p - np.eye(p.shape[1])[y]) ** 2).sum(1).mean()),
        "calibration_error": calibration_error(p, y),
    }


def bootstrap_interval(
    measure: Callable[[Array], float], rows: int, seed: int, times: int = 300
) -> list[float] | None:
    """The 95 % percentile interval of a measure over bootstrap samples of rows; None where no
    sample has the measure.
    """
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [measure(rng.integers(0, rows, rows)) for _ in range(times)]
    if np.isnan(found).all():
        return None
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]


def mean_at(values: Array, rows: Array) -> float:
    """The mean of some rows' values, of which `interval` makes an interval."""
    return float(values[rows].mean())


def evaluate_classifier(p: Array, y: Array, labels: Sequence[str], seed: int) -> dict[str, Any]:
    """Everything about one model on held-out rows: figures, intervals, per class."""
    found: dict[str, Any] = {
        k: round(v, 4) if v == v else None for k, v in classification_metrics(p, y).items()
    }
    said = p.argmax(1)
    times = 300 if len(y) * p.shape[1] < 60_000 else 60
    found["interval"] = {
        "accuracy": bootstrap_interval(
            lambda i: float((said[i] == y[i]).mean()), len(y), seed, times
        ),
        "macro_f1": bootstrap_interval(
            lambda i: macro_f1(y[i], said[i], p.shape[1]), len(y), seed, times
        ),
        "auc": bootstrap_interval(lambda i: auc(p[i], y[i]), len(y), seed, min(times, 100)),
    }
    found["interval"] = {k: v for k, v in found["interval"].items() if v}
    found["rows"] = len(y)
    found["classes"] = {}
    for k, label in enumerate(labels):
        hit, real, told = (
            int(((said == k) & (y == k)).sum()),
            int((y == k).sum()),
            int((said == k).sum()),
        )
        found["classes"][label] = {
            "rows": real,
            "precision": round(hit / told, 4) if told else None,
            "recall": round(hit / real, 4) if real else None,
            "f1": round(2 * hit / (real + told), 4) if real + told else None,
        }
    return found


def fit_baselines(train: Any, test: Any, y: Array, y_test: Array, classes: int) -> dict[str, Array]:
    """What a majority class and a plain linear model of these columns say of the same rows:
    probabilities (rows, classes).
    """
    from sklearn.linear_model import LogisticRegression

    share = np.bincount(y, minlength=classes) / len(y)
    told = {"majority": np.tile(share, (len(y_test), 1))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = LogisticRegression(C=10.0, max_iter=60, tol=1e-4).fit(train, y)
    p = np.zeros((len(y_test), classes))
    p[:, net.classes_] = net.predict_proba(test)
    told["linear"] = p
    return told


def fit_temperature(logits: Array, y: Array) -> float:
    """The number that logits (rows, classes) are divided by for the lowest log-loss, 0.05 to 20.

    Source: Guo et al. 2017, arXiv 1706.04599.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    rows = np.arange(len(y))
    found = minimize_scalar(
        lambda t: -log_softmax(logits.astype(float) / np.exp(t), axis=1)[rows, y].mean(),
        bounds=(np.log(0.05), np.log(20)),
        method="bounded",
    )
    return float(np.exp(found.x))


def mcnemar(ours: Array, theirs: Array) -> float:
    """The chance of a difference in errors as great as this between two models on the same rows,
    were they equally good.

    Args:
        ours: whether each row was right; `theirs` likewise.

    Source: McNemar 1947, Psychometrika 12; the exact binomial form.
    """
    from scipy.stats import binomtest

    only, other = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    return float(binomtest(only, only + other).pvalue) if only + other else 1.0


def check_gates(require: dict[str, str], metrics: dict[str, Any]) -> list[str]:
    """The bounds of `require` that the metrics miss, each as a sentence."""
    missed = []
    for name, bound in require.items():
        figure = metrics.get(name)
        if figure is None or not holds(bound, float(figure)):
            missed.append(
                f"{name} is {figure if figure is not None else 'not known'}, and require says"
                f" {bound}"
            )
    return missed
