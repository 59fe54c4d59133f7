"""Which features drifted from the training rows, all tests together held to one false-alarm level.
Knows the tests; diagnoses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.catalog.contents import DriftedFeature, TrainingColumn
from mesocosm.monitoring.drift.detectors import FEATURE_TESTS

LEAST = 20  # values of a feature under which it is not tested
Training = Mapping[str, TrainingColumn]
Columns = Mapping[str, Sequence[object]]


def collect_columns(rows: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    """Rows as columns, without what is missing."""
    if not rows:
        return {}
    return {name: _list_values(rows, name) for name in rows[0]}


def _list_values(rows: Sequence[Mapping[str, object]], name: str) -> list[object]:
    return [value for row in rows if (value := row.get(name)) is not None]


def find_drifted(
    training: Training,
    live: Columns,
    level: float,
    method: str = "auto",
    whole: Mapping[str, float] | None = None,
) -> tuple[list[DriftedFeature], dict[str, float]]:
    """Find the features whose live values drifted, the smallest p-value first, and every p-value.

    Args:
        training: per feature its training quantiles or counts.
        live: cleaned live values by feature, without what is missing.
        level: false alarms accepted for one look over all features (Bonferroni).
        method: `auto` is `ks` for numbers and `chi2` for categories; others are for one of the two.
        whole: p-values of what was tested jointly, by its name.
    """
    tested = dict(whole or {}) | _test_each(training, live, method)
    found = [
        _describe_feature(name, p, training, live)
        for name, p in sorted(tested.items(), key=lambda e: e[1])
        if p < level / len(tested)
    ]
    return found, tested


def _test_each(training: Training, live: Columns, method: str) -> dict[str, float]:
    """The p-value of every feature that a test is for, where it has values enough."""
    tested: dict[str, float] = {}
    for name, known in training.items():
        kind = _choose_test(known, method)
        values = live.get(name, ())
        if kind and len(values) >= LEAST:
            tested[name] = FEATURE_TESTS[kind]().p_value(known, values)
    return tested


def _choose_test(known: TrainingColumn, method: str) -> str:
    """The test of a feature; empty where the method is not for its type."""
    if method != "auto":
        return method if FEATURE_TESTS[method].of in known else ""
    if "numbers" in known:
        return "ks"
    return "chi2" if "counts" in known else ""


def _describe_feature(name: str, p: float, training: Training, live: Columns) -> DriftedFeature:
    """A feature that drifted, with how far where it is a number."""
    if name in training and "numbers" in training[name]:
        return _measure_shift({"feature": name, "p": p}, training[name], live[name])
    return {"feature": name, "p": p}


def _measure_shift(
    feature: DriftedFeature, known: TrainingColumn, values: Sequence[object]
) -> DriftedFeature:
    """How far the median moved, and the mean distance between both distributions in training
    standard deviations (Wasserstein).
    """
    import numpy as np

    before = np.sort(np.asarray(known["numbers"], dtype=np.float64))
    now = np.asarray(values, dtype=np.float64)
    old, new = float(np.median(before)), float(np.median(now))
    spread = float(before.std()) or 1.0
    points = np.quantile(now, np.linspace(0, 1, len(before)))
    distance = float(np.abs(points - before).mean()) / spread
    ratio = None
    if old:
        ratio = round(new / old, 3)
    return {
        **feature,
        "median_before": old,
        "median_now": new,
        "ratio": ratio,
        "distance": round(distance, 3),
    }
