"""Metrics of held-out rows with bootstrap intervals, and those of baselines.

Knows numpy and scikit-learn's metrics. Knows nothing of how a model was trained.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mesocosm.core.values.thresholds import satisfies

Array = np.ndarray[Any, Any]


def calibration_error(p: Array, y: Array, bins: int = 10) -> float:
    """Expected calibration error of the top class over equal-width bins.

    Source: Naeini et al. 2015, AAAI.
    """
    top, right = p.max(1), p.argmax(1) == y
    bin_of = np.minimum((top * bins).astype(int), bins - 1)
    error = 0.0
    for b in np.unique(bin_of):
        inside = bin_of == b
        error += abs(top[inside].mean() - right[inside].mean()) * inside.mean()
    return float(error)


def macro_f1(y: Array, predictions: Array, classes: int) -> float:
    """Mean F1 over the classes that occur or are predicted."""
    table = np.bincount(y * classes + predictions, minlength=classes * classes).reshape(
        classes, classes
    )
    hits, actual, predicted = np.diag(table), table.sum(1), table.sum(0)
    seen = (actual + predicted) > 0
    return float(np.mean(2 * hits[seen] / (actual + predicted)[seen]))


def auc(p: Array, y: Array) -> float:
    """Area under the ROC curve; the mean over one-against-rest for several classes; NaN for one
    class.
    """
    from scipy.stats import rankdata

    classes = range(p.shape[1])
    if p.shape[1] == 2:
        classes = range(1, 2)
    areas = []
    for k in classes:
        positive = y == k
        n, m = int(positive.sum()), int((~positive).sum())
        if n and m:
            areas.append((rankdata(p[:, k])[positive].sum() - n * (n + 1) / 2) / (n * m))
    return float(np.mean(areas)) if areas else float("nan")


def classification_metrics(p: Array, y: Array) -> dict[str, float]:
    """The main metrics of probabilities (rows, classes) against labels (rows)."""
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
    """The 95 % percentile interval of a metric over bootstrap samples of rows; None where no sample
    has the metric.

    Args:
        measure: the metric of the rows of given numbers.
        times: samples.
    """
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampled = [measure(rng.integers(0, rows, rows)) for _ in range(times)]
    if np.isnan(sampled).all():
        return None
    low, high = np.nanpercentile(sampled, [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]


def mean_at(values: Array, rows: Array) -> float:
    """The mean of the values of some rows, as `bootstrap_interval` measures it."""
    return float(values[rows].mean())


def evaluate_classifier(p: Array, y: Array, labels: Sequence[str], seed: int) -> dict[str, Any]:
    """All metrics of one model on held-out rows, with intervals and metrics of each class."""
    metrics = classification_metrics(p, y)
    found: dict[str, Any] = {k: None if np.isnan(v) else round(v, 4) for k, v in metrics.items()}
    predictions, classes = p.argmax(1), p.shape[1]
    times = 300 if len(y) * classes < 60_000 else 60
    measures: dict[str, tuple[Callable[[Array], float], int]] = {
        "accuracy": (lambda i: float((predictions[i] == y[i]).mean()), times),
        "macro_f1": (lambda i: macro_f1(y[i], predictions[i], classes), times),
        "auc": (lambda i: auc(p[i], y[i]), min(times, 100)),
    }
    intervals = {
        name: bootstrap_interval(measure, len(y), seed, samples)
        for name, (measure, samples) in measures.items()
    }
    found["interval"] = {k: v for k, v in intervals.items() if v}
    found["rows"] = len(y)
    found["classes"] = {
        name: _class_metrics(predictions == k, y == k) for k, name in enumerate(labels)
    }
    return found


def _class_metrics(predicted: Array, actual: Array) -> dict[str, float | None]:
    """Precision, recall and F1 of one class; None where they are not defined."""
    hits, real, told = int((predicted & actual).sum()), int(actual.sum()), int(predicted.sum())
    return {
        "rows": real,
        "precision": _ratio(hits, told),
        "recall": _ratio(hits, real),
        "f1": _ratio(2 * hits, real + told),
    }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def fit_baselines(train: Any, test: Any, y: Array, y_test: Array, classes: int) -> dict[str, Array]:
    """Probabilities (rows, classes) of the test rows by a majority class and a logistic regression.

    Args:
        train, test: the columns of the training and of the test rows.
    """
    from sklearn.linear_model import LogisticRegression

    share = np.bincount(y, minlength=classes) / len(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = LogisticRegression(C=10.0, max_iter=60, tol=1e-4).fit(train, y)
    linear = np.zeros((len(y_test), classes))
    linear[:, net.classes_] = net.predict_proba(test)
    return {"majority": np.tile(share, (len(y_test), 1)), "linear": linear}


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
    """The p-value of McNemar's test that two models make equally many errors on the same rows.

    Args:
        ours, theirs: whether each row was right.

    Source: McNemar 1947, Psychometrika 12; the exact binomial form.
    """
    from scipy.stats import binomtest

    only_ours, only_theirs = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    if not only_ours + only_theirs:
        return 1.0
    return float(binomtest(only_ours, only_ours + only_theirs).pvalue)


def check_gates(require: Mapping[str, str], metrics: Mapping[str, Any]) -> list[str]:
    """The bounds of `require` that the metrics miss, each as a sentence."""
    missed = []
    for name, bound in require.items():
        value = metrics.get(name)
        if value is None:
            missed.append(f"{name} was not measured, required: {bound}")
        elif not satisfies(bound, float(value)):
            missed.append(f"{name} is {value}, required: {bound}")
    return missed
