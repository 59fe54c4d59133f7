"""Evidence of every cause of a drift: source changes, labels, label shift and lost accuracy.

Knows distributions and the predictions of a model; draws no conclusion (`monitoring.diagnosis`
does). Lost accuracy is estimated before labels come, from the model's own probabilities on live and
on held-out rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import DriftedFeature, TrainingColumn
from mesocosm.catalog.records import Diagnosis
from mesocosm.core.values.numbers import to_float
from mesocosm.monitoring.diagnosis import Evidence, diagnose
from mesocosm.monitoring.drift.category_changes import Change
from mesocosm.monitoring.drift.feature_tests import Training, collect_columns, find_drifted
from mesocosm.monitoring.drift.reference import read_column
from mesocosm.monitoring.drift.source_changes import find_changes
from mesocosm.monitoring.labels.accuracy_test import Labelled
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.requests.listed_values import is_complete
from mesocosm.serving.requests.missing import spell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Row = Mapping[str, object]
Rows = Sequence[Row]
RowFilter = Callable[[Row], bool]
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

    found: Sequence[DriftedFeature]
    training: Training
    live: Rows
    predict: Callable[[Rows], Rows]
    held: Rows
    read_labels: Callable[[RowFilter | None], Labelled]
    tolerance: float
    level: float
    units: Mapping[str, str | None] | None = None
    changes: Sequence[Change] | None = None
    sent: Sequence[object] | None = None

    def find_changes(self) -> Sequence[Change]:
        """Changes of fields at their source, looked for now where they were not."""
        if self.changes is not None:
            return self.changes
        columns = {name: read_column(self.live, name) for name in self.training}
        return find_changes(self.training, columns, self.level, self.units)


def diagnose_drift(case: DriftCase) -> Diagnosis:
    """Gather the evidence of a drift and diagnose it."""
    return diagnose(gather_evidence(case))


def gather_evidence(case: DriftCase) -> Evidence:
    """Gather the evidence of every cause of a drift."""
    changes = case.find_changes()
    now: Rows = list(case.predict(case.live))
    before: Rows = []
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


def select_usual_rows(found: Sequence[DriftedFeature], training: Training) -> RowFilter:
    """A condition: a row lies where most training rows do, in every feature that drifted."""
    import numpy as np

    ranges: dict[str, tuple[float, float]] = {}
    values: dict[str, Mapping[str, int]] = {}
    for name in [f["feature"] for f in found]:
        known = training.get(name, {})
        if "numbers" in known:
            low, high = np.quantile(known["numbers"], [0.05, 0.95])
            ranges[name] = float(low), float(high)
        if "counts" in known and is_complete(known):
            values[name] = known["counts"]

    def is_usual(row: Row) -> bool:
        if not all(_is_within(row.get(name), *ends) for name, ends in ranges.items()):
            return False
        return all(spell(row.get(name)) in counts for name, counts in values.items())

    return is_usual


def _is_within(value: object, low: float, high: float) -> bool:
    return value is not None and low <= to_float(value) <= high


def _mean_confidence(predictions: Rows) -> float | None:
    """The accuracy that probabilities promise on average; None where some have none."""
    probabilities = read_column(predictions, "probability")
    known = [float(p) for p in probabilities if isinstance(p, (int, float))]
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
    if not changes or changes[0].kind != "unit" or to_float(changes[0].detail["share"]) < 1:
        return None, None
    name = changes[0].field
    values = case.sent
    if values is None:
        values = read_column(case.live, name)
    undone = _undo_unit(changes[0], case.training[name], values)
    restored = [{**row, name: value} for row, value in zip(case.live, undone, strict=True)]
    return _compare_predictions(now, list(case.predict(restored)))


def _undo_unit(
    change: Change, known: TrainingColumn, values: Sequence[object]
) -> list[float | None]:
    """The numbers of a field as they were before its unit changed, clipped as in training."""
    plus, factor = to_float(change.detail["plus"]), to_float(change.detail["factor"])
    low, high = known.get("clip") or (float("-inf"), float("inf"))
    undone: list[float | None] = []
    for value in values:
        if value is None:
            undone.append(None)
        else:
            undone.append(min(max((to_float(value) - plus) / factor, low), high))
    return undone


def _compare_predictions(now: Rows, restored: Rows) -> tuple[float | None, float | None]:
    """The accuracy lost by predicting as `now` where `restored` is better informed, and the share
    of predictions that differ.
    """
    if not now or not all("probabilities" in p for p in restored):
        return None, None
    lost = changed = 0.0
    for ours, theirs in zip(now, restored, strict=True):
        lost += max(0.0, to_float(theirs["probability"]) - _read_share(theirs, ours["label"]))
        changed += ours["label"] != theirs["label"]
    return round(lost / len(now), 4), round(changed / len(now), 4)


def _read_share(prediction: Row, label: object) -> float:
    """The probability that a prediction gives a label; 0 where it lists none."""
    listed = prediction["probabilities"]
    if not isinstance(listed, Mapping):
        return 0.0
    return to_float(listed.get(label, 0.0))


def estimate_label_shift(case: DriftCase, now: Rows, before: Rows) -> dict[str, float] | None:
    """By class, how many times more often it comes than in the held-out rows; None where that alone
    does not explain the drift (black-box shift estimation).

    Args:
        now: predictions of the live rows.
        before: predictions of the held-out rows.

    Source: Lipton, Wang and Smola 2018, arXiv:1802.03916
    """
    import numpy as np

    held = [str(r[HELD_LABEL]) for r in case.held]
    labels = sorted(set(held))
    if not 2 <= len(labels) <= MAX_CLASSES or not _can_estimate(held, now):
        return None
    weights = _estimate_weights(labels, case.held, now, before)
    if np.abs(weights - 1).max() < MIN_SHIFT or not weights.sum():
        return None
    by_label = {label: float(w) for label, w in zip(labels, weights, strict=True)}
    if not _explains_drift(case, np.array([by_label[label] for label in held])):
        return None
    return {label: round(w, 2) for label, w in by_label.items()}


def _can_estimate(held: Sequence[str], now: Rows) -> bool:
    """Whether there are rows enough, and predictions of classes."""
    return len(held) >= MIN_HELD_ROWS and all("probability" in p for p in now)


def _explains_drift(case: DriftCase, by_row: Array) -> bool:
    """Whether held-out rows drawn by their class weights look like the live ones."""
    expected = _resample(case, by_row / by_row.sum())
    found, _ = find_drifted(expected, collect_columns(case.live), max(case.level, 0.01))
    return not found


def _estimate_weights(labels: Sequence[str], held: Rows, now: Rows, before: Rows) -> Array:
    """The class weights under which the confusion of held-out rows gives the live predictions, by
    least squares.
    """
    import numpy as np

    index: dict[object, int] = {label: i for i, label in enumerate(labels)}
    confusion, share = np.zeros((len(labels), len(labels))), np.zeros(len(labels))
    for row, prediction in zip(held, before, strict=True):
        if prediction["label"] in index:
            cell = index[prediction["label"]], index[str(row[HELD_LABEL])]
            confusion[cell] += 1 / len(held)
    for prediction in now:
        if prediction["label"] in index:
            share[index[prediction["label"]]] += 1 / len(now)
    solved = np.asarray(np.linalg.lstsq(confusion, share, rcond=None)[0], dtype=np.float64)
    return np.clip(solved, 0.0, None)


def _resample(case: DriftCase, chances: Array) -> dict[str, TrainingColumn]:
    """The distributions of held-out rows drawn with given chances, as training keeps them."""
    import numpy as np

    draw = np.random.default_rng(7)
    drawn: list[int] = draw.choice(len(case.held), RESAMPLED, p=chances).tolist()
    columns = collect_columns([case.held[i] for i in drawn])
    return {
        name: _describe_column(values, case.training[name], len(case.held))
        for name, values in columns.items()
        if name in case.training
    }


def _describe_column(values: Sequence[object], known: TrainingColumn, rows: int) -> TrainingColumn:
    """The distribution of drawn values as training keeps it, of as many rows as were held out."""
    import numpy as np

    if "numbers" not in known:
        drawn = Counter(values)
        return {"counts": {spell(v): round(n * rows / RESAMPLED) for v, n in drawn.items()}}
    points = np.quantile(np.asarray(values, dtype=np.float64), np.linspace(0, 1, 200))
    numbers: list[float] = points.tolist()
    return {"numbers": numbers, "rows": rows}
