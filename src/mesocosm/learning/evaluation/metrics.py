"""Metrics of held-out rows with bootstrap intervals, and those of baselines.

Knows numpy and scikit-learn's metrics. Knows nothing of how a model was trained.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypedDict

import numpy as np

from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json
from mesocosm.core.values.thresholds import satisfies
from mesocosm.learning.arrays import Array, Floats, Ints, Mask, read_number

if TYPE_CHECKING:
    from scipy.sparse import spmatrix

    Table = Array | spmatrix  # the columns of rows

Measure = Callable[[Ints], float]  # a metric of the rows of given numbers


class SparseClassifier(Protocol):
    """A fitted classifier of scikit-learn, over dense or sparse columns."""

    classes_: Ints

    def predict_proba(self, x: Table) -> Floats: ...


def calibration_error(p: Array, y: Array, bins: int = 10) -> float:
    """Expected calibration error of the top class over equal-width bins.

    Source: Naeini et al. 2015, AAAI.
    """
    top: Floats = p.max(1)
    right: Mask = p.argmax(1) == y
    bin_of: Ints = np.minimum((top * bins).astype(np.int64), bins - 1)
    error = 0.0
    for b in np.unique(bin_of):
        inside: Mask = bin_of == b
        gap = float(top[inside].mean()) - float(right[inside].mean())
        error += abs(gap) * float(inside.mean())
    return error


def macro_f1(y: Array, predictions: Ints, classes: int) -> float:
    """Mean F1 over the classes that occur or are predicted."""
    counts = np.bincount(y * classes + predictions, minlength=classes * classes)
    table: Ints = counts.reshape(classes, classes)
    actual: Ints = table.sum(1)
    predicted: Ints = table.sum(0)
    both = actual + predicted
    seen: Mask = both > 0
    return float(np.mean(2 * np.diag(table)[seen] / both[seen]))


def auc(p: Array, y: Array) -> float:
    """Area under the ROC curve; the mean over one-against-rest for several classes; NaN for one
    class.
    """
    from scipy.stats import rankdata

    classes = range(p.shape[1])
    if p.shape[1] == 2:
        classes = range(1, 2)
    areas: list[float] = []
    for k in classes:
        positive: Mask = y == k
        n, m = int(positive.sum()), int((~positive).sum())
        if n and m:
            ranks: Floats = rankdata(p[:, k])
            areas.append((float(ranks[positive].sum()) - n * (n + 1) / 2) / (n * m))
    if not areas:
        return float("nan")
    return float(np.mean(areas))


def classification_metrics(p: Array, y: Array) -> dict[str, float]:
    """The main metrics of probabilities (rows, classes) against labels (rows)."""
    predictions: Ints = p.argmax(1)
    own: Floats = p[np.arange(len(y)), y]
    actual: Floats = np.eye(p.shape[1])[y]
    squares: Floats = ((p - actual) ** 2).sum(1)
    return {
        "accuracy": float(np.mean(predictions == y)),
        "macro_f1": macro_f1(y, predictions, p.shape[1]),
        "auc": auc(p, y),
        "log_loss": float(np.mean(-np.log(np.maximum(own, 1e-12)))),
        "brier": float(np.mean(squares)),
        "calibration_error": calibration_error(p, y),
    }


def bootstrap_interval(
    measure: Measure, rows: int, seed: int, times: int = 300
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
    ends: list[float] = np.nanpercentile(sampled, [2.5, 97.5]).tolist()
    return [round(end, 4) for end in ends]


def mean_at(values: Array | Mask, rows: Ints) -> float:
    """The mean of the values of some rows, as `bootstrap_interval` measures it."""
    return float(values[rows].mean())


def evaluate_classifier(p: Array, y: Array, labels: Sequence[str], seed: int) -> dict[str, Json]:
    """All metrics of one model on held-out rows, with intervals and metrics of each class."""
    found: dict[str, Json] = {}
    for name, value in classification_metrics(p, y).items():
        found[name] = _round_or_none(value)
    predictions: Ints = p.argmax(1)
    found["interval"] = _measure_intervals(p, y, predictions, seed)
    found["rows"] = len(y)
    found["classes"] = {
        name: _class_metrics(predictions == k, y == k) for k, name in enumerate(labels)
    }
    return found


def _round_or_none(value: float) -> float | None:
    """A metric to four places; None for NaN."""
    if np.isnan(value):
        return None
    return round(value, 4)


def _measure_intervals(p: Array, y: Array, predictions: Ints, seed: int) -> dict[str, list[float]]:
    """The confidence intervals of the main metrics, those that have one."""
    classes, times = int(p.shape[1]), 300
    if len(y) * classes >= 60_000:
        times = 60

    def accuracy_at(rows: Ints) -> float:
        return float(np.mean(predictions[rows] == y[rows]))

    def macro_f1_at(rows: Ints) -> float:
        return macro_f1(y[rows], predictions[rows], classes)

    def auc_at(rows: Ints) -> float:
        return auc(p[rows], y[rows])

    measures: dict[str, Measure] = {
        "accuracy": accuracy_at,
        "macro_f1": macro_f1_at,
        "auc": auc_at,
    }
    samples = {"accuracy": times, "macro_f1": times, "auc": min(times, 100)}
    intervals: dict[str, list[float]] = {}
    for name, measure in measures.items():
        interval = bootstrap_interval(measure, len(y), seed, samples[name])
        if interval:
            intervals[name] = interval
    return intervals


def _class_metrics(predicted: Mask, actual: Mask) -> dict[str, float | None]:
    """Precision, recall and F1 of one class; None where they are not defined."""
    hits, real, told = int((predicted & actual).sum()), int(actual.sum()), int(predicted.sum())
    return {
        "rows": real,
        "precision": _ratio(hits, told),
        "recall": _ratio(hits, real),
        "f1": _ratio(2 * hits, real + told),
    }


def _ratio(part: int, whole: int) -> float | None:
    if not whole:
        return None
    return round(part / whole, 4)


def fit_baselines(
    train: Table, test: Table, y: Array, y_test: Array, classes: int
) -> dict[str, Array]:
    """Probabilities (rows, classes) of the test rows by a majority class and a logistic regression.

    Args:
        train, test: the columns of the training and of the test rows.
    """
    from sklearn.linear_model import LogisticRegression

    share = np.bincount(y, minlength=classes) / len(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net: SparseClassifier = LogisticRegression(C=10.0, max_iter=60, tol=1e-4).fit(train, y)
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
    scores: Floats = logits.astype(np.float64)

    def log_loss_at(exponent: float) -> float:
        own: Floats = log_softmax(scores / np.exp(exponent), axis=1)[rows, y]
        return -float(own.mean())

    bounds = (float(np.log(0.05)), float(np.log(20)))
    found = minimize_scalar(log_loss_at, bounds=bounds, method="bounded")
    return float(np.exp(found.x))


def mcnemar(ours: Mask, theirs: Mask) -> float:
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


class GateResult(TypedDict):
    """A bound of `require` and what was measured: None where it was not."""

    metric: str
    bound: str
    value: float | None
    passed: bool


def list_gates(require: Mapping[str, str], metrics: Mapping[str, object]) -> list[GateResult]:
    """Every bound of `require` beside the metric that it bounds.

    >>> list_gates({"auc": ">= 0.7"}, {"auc": 0.65})
    [{'metric': 'auc', 'bound': '>= 0.7', 'value': 0.65, 'passed': False}]
    """
    found: list[GateResult] = []
    for name, bound in require.items():
        measured = metrics.get(name)
        value = None if measured is None else read_number(measured)
        passed = value is not None and satisfies(bound, value)
        found.append({"metric": name, "bound": bound, "value": value, "passed": passed})
    return found


def check_gates(require: Mapping[str, str], metrics: Mapping[str, object]) -> list[Text]:
    """The bounds of `require` that the metrics miss, each as a sentence."""
    missed: list[Text] = []
    for gate in list_gates(require, metrics):
        name, bound = gate["metric"], gate["bound"]
        if gate["value"] is None:
            missed.append(Message("sentences.was_not_measured_required", metric=name, bound=bound))
        elif not gate["passed"]:
            value = str(metrics[name])
            missed.append(Message("sentences.is_required", metric=name, value=value, bound=bound))
    return missed
