"""Evidence of every cause of a drift: source changes, labels, label shift and lost accuracy.

Knows distributions and the predictions of a model; draws no conclusion (`monitoring.diagnosis`
does). Lost accuracy is estimated before labels come, from the model's own probabilities on live and
on held-out rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesocosm.catalog.records import Diagnosis
from mesocosm.monitoring.diagnosis import Evidence, diagnose
from mesocosm.monitoring.drift.feature_tests import collect_columns, find_drifted
from mesocosm.monitoring.drift.source_changes import Change, find_changes
from mesocosm.monitoring.labels.accuracy_test import Labelled
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.requests.listed_values import is_complete
from mesocosm.serving.requests.missing import spell

Rows = Sequence[Mapping[str, Any]]
RowFilter = Callable[[Mapping[str, Any]], bool]
MIN_HELD_ROWS = 100  # held-out rows from which a label shift is estimated
MAX_CLASSES = 50  # classes of which one is estimated at most
RESAMPLED = 2000  # held-out rows drawn with the shifted class frequencies
MIN_SHIFT = 0.3  # of a class weight away from 1, under which nothing shifted


@dataclass(frozen=True)
class DriftCase:
    """A drift to diagnose.

    Args:
        found: the features that drifted, the smallest p-value first.
        training: per feature its training quantiles or counts.
        live: cleaned live rows.
        predict: predicts cleaned rows.
        held: cleaned held-out rows, each with its label under `HELD_LABEL`.
        read_labels: what labels show of predictions, of rows of which a condition holds where one
            is given.
        tolerance: accuracy that may be lost before a drift is harmful.
        level: false alarms accepted for one look.
        units: units of numbers, by feature.
        changes: changes of fields at their source, where they were looked for already.
        sent: values of the first changed field as they came, before a recipe clipped them; those of
            `live` where there are none.
    """

    found: Rows
    training: Mapping[str, Any]
    live: Rows
    predict: Callable[[Rows], Rows]
    held: Rows
    read_labels: Callable[[RowFilter | None], Labelled]
    tolerance: float
    level: float
    units: Mapping[str, str | None] | None = None
    changes: Sequence[Change] | None = None
    sent: Sequence[Any] | None = None


def diagnose_drift(case: DriftCase) -> Diagnosis:
    """Gather the evidence of a drift and diagnose it."""
    return diagnose(gather_evidence(case))


def gather_evidence(case: DriftCase) -> Evidence:
    """Gather the evidence of every cause of a drift."""
    changes = case.changes
    if changes is None:
        columns = {n: [r.get(n) for r in case.live] for n in case.training}
        changes = find_changes(case.training, columns, case.level, case.units)
    now, before = list(case.predict(case.live)), []
    if case.held:
        before = list(case.predict(case.held))
    labelled = usual = case.read_labels(None)
    if labelled.worse:
        usual = case.read_labels(select_usual_rows(case.found, case.training))
    weights = None
    if not changes:
        weights = estimate_label_shift(case, now, before)
    return Evidence(
        case.found,
        changes,
        labelled,
        usual,
        weights,
        _estimate_loss(now, before),
        _undo_unit_change(case, changes, now),
        case.tolerance,
    )


def select_usual_rows(found: Rows, training: Mapping[str, Any]) -> RowFilter:
    """A condition: a row lies where most training rows do, in every feature that drifted."""
    import numpy as np

    ranges, values = {}, {}
    for name in [f["feature"] for f in found]:
        known = training.get(name, {})
        if "numbers" in known:
            ranges[name] = np.quantile(known["numbers"], [0.05, 0.95])
        if "counts" in known and is_complete(known):
            values[name] = known["counts"]

    def is_usual(row: Mapping[str, Any]) -> bool:
        for name, (low, high) in ranges.items():
            if row.get(name) is None or not low <= row[name] <= high:
                return False
        return all(spell(row.get(name)) in counts for name, counts in values.items())

    return is_usual


def _mean_confidence(predictions: Rows) -> float | None:
    """The accuracy that probabilities promise on average; None where some have none."""
    known = [
        float(p["probability"])
        for p in predictions
        if isinstance(p.get("probability"), (int, float))
    ]
    if not known or len(known) != len(predictions):
        return None
    return sum(known) / len(known)


def _estimate_loss(now: Rows, before: Rows) -> float | None:
    live, held = _mean_confidence(now), _mean_confidence(before)
    if live is None or held is None:
        return None
    return round(max(0.0, held - live), 4)


def _undo_unit_change(
    case: DriftCase, changes: Sequence[Change], now: Rows
) -> tuple[float | None, float | None]:
    """The accuracy lost by a unit change, and the share of predictions that change when it is
    undone; None where it is no unit change, or one of a part of the rows.
    """
    if not changes or changes[0].kind != "unit" or changes[0].detail["share"] < 1:
        return None, None
    name, detail = changes[0].field, changes[0].detail
    values = case.sent
    if values is None:
        values = [row.get(name) for row in case.live]
    low, high = case.training[name].get("clip") or (float("-inf"), float("inf"))
    restored: list[dict[str, Any]] = []
    for row, value in zip(case.live, values, strict=True):
        if value is not None:
            value = min(max((value - detail["plus"]) / detail["factor"], low), high)
        restored.append({**row, name: value})
    return _compare_predictions(now, list(case.predict(restored)))


def _compare_predictions(now: Rows, restored: Rows) -> tuple[float | None, float | None]:
    """The accuracy lost by predicting as `now` where `restored` is better informed, and the share
    of predictions that differ.
    """
    if not now or not all("probabilities" in p for p in restored):
        return None, None
    lost = changed = 0.0
    for ours, theirs in zip(now, restored, strict=True):
        agreed = float(theirs["probabilities"].get(ours["label"], 0.0))
        lost += max(0.0, float(theirs["probability"]) - agreed)
        changed += ours["label"] != theirs["label"]
    return round(lost / len(now), 4), round(changed / len(now), 4)


def estimate_label_shift(case: DriftCase, now: Rows, before: Rows) -> dict[str, float] | None:
    """By class, how many times more often it comes than in the held-out rows; None where that alone
    does not explain the drift (black-box shift estimation).

    Args:
        now: predictions of the live rows.
        before: predictions of the held-out rows.

    Source: Lipton, Wang and Smola 2018, arXiv:1802.03916
    """
    import numpy as np

    labels = sorted({str(r[HELD_LABEL]) for r in case.held})
    if not 2 <= len(labels) <= MAX_CLASSES or len(case.held) < MIN_HELD_ROWS:
        return None
    if not all("probability" in p for p in now):
        return None
    weights = _estimate_weights(labels, case.held, now, before)
    if np.abs(weights - 1).max() < MIN_SHIFT or not weights.sum():
        return None
    by_label = dict(zip(labels, weights, strict=True))
    by_row = np.array([by_label[str(r[HELD_LABEL])] for r in case.held])
    expected = _resample(case, by_row / by_row.sum())
    found, _ = find_drifted(expected, collect_columns(case.live), max(case.level, 0.01))
    if found:
        return None
    return {label: round(float(w), 2) for label, w in by_label.items()}


def _estimate_weights(labels: Sequence[str], held: Rows, now: Rows, before: Rows) -> Any:
    """The class weights under which the confusion of held-out rows gives the live predictions, by
    least squares.
    """
    import numpy as np

    index = {label: i for i, label in enumerate(labels)}
    confusion, share = np.zeros((len(labels), len(labels))), np.zeros(len(labels))
    for row, prediction in zip(held, before, strict=True):
        if prediction["label"] in index:
            cell = index[prediction["label"]], index[str(row[HELD_LABEL])]
            confusion[cell] += 1 / len(held)
    for prediction in now:
        if prediction["label"] in index:
            share[index[prediction["label"]]] += 1 / len(now)
    return np.clip(np.linalg.lstsq(confusion, share, rcond=None)[0], 0.0, None)


def _resample(case: DriftCase, chances: Any) -> dict[str, Any]:
    """The distributions of held-out rows drawn with given chances, as training keeps them."""
    import numpy as np

    draw = np.random.default_rng(7)
    rows = [case.held[i] for i in draw.choice(len(case.held), RESAMPLED, p=chances)]
    expected: dict[str, Any] = {}
    for name, values in collect_columns(rows).items():
        if name not in case.training:
            continue
        if "numbers" in case.training[name]:
            points = np.quantile(np.asarray(values, dtype=float), np.linspace(0, 1, 200))
            expected[name] = {"numbers": points.tolist(), "rows": len(case.held)}
        else:
            rows_of = Counter(values)
            counts = {spell(v): round(n * len(case.held) / RESAMPLED) for v, n in rows_of.items()}
            expected[name] = {"counts": counts}
    return expected
