"""Which features drifted from the training rows, all tests together held to one false-alarm level.
Knows the tests; diagnoses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.monitoring.drift.detectors import FEATURE_TESTS

LEAST = 20  # values of a feature under which it is not tested


def collect_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns, without what is missing."""
    names = list(rows[0]) if rows else []
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name in names:
            if row.get(name) is not None:
                columns[name].append(row[name])
    return columns


def find_drifted(
    training: Mapping[str, Any],
    live: Mapping[str, Sequence[Any]],
    level: float,
    method: str = "auto",
    whole: Mapping[str, float] | None = None,
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Find the features whose live values drifted, the smallest p-value first, and every p-value.

    Args:
        training: per feature its training quantiles or counts.
        live: cleaned live values by feature, without what is missing.
        level: false alarms accepted for one look over all features (Bonferroni).
        method: `auto` is `ks` for numbers and `chi2` for categories; others are for one of the two.
        whole: p-values of what was tested jointly, by its name.
    """
    found: list[dict[str, Any]] = []
    tested: dict[str, float] = dict(whole or {})
    for name, known in training.items():
        if not {"numbers", "counts"} & set(known):
            continue
        kind = _choose_test(known, method)
        values = live.get(name, ())
        if kind and len(values) >= LEAST:
            tested[name] = FEATURE_TESTS[kind]().p_value(known, values)
    for name, p in sorted(tested.items(), key=lambda e: e[1]):
        if p < level / len(tested):
            shift = {}
            if name in training:
                shift = _measure_shift(training[name], live[name])
            found.append({"feature": name, "p": p, **shift})
    return found, tested


def _choose_test(known: Mapping[str, Any], method: str) -> str:
    """The test of a feature; empty where the method is not for its type."""
    if method == "auto":
        return "ks" if "numbers" in known else "chi2"
    if FEATURE_TESTS[method].of not in known:
        return ""
    return method


def _measure_shift(known: Mapping[str, Any], values: Sequence[Any]) -> dict[str, Any]:
    """How far the median moved, and the mean distance between both distributions in training
    standard deviations (Wasserstein).
    """
    if "numbers" not in known:
        return {}
    import numpy as np

    before = np.sort(np.asarray(known["numbers"], dtype=float))
    now = np.asarray(values, dtype=float)
    old, new = float(np.median(before)), float(np.median(now))
    spread = float(before.std()) or 1.0
    points = np.quantile(now, np.linspace(0, 1, len(before)))
    distance = float(np.abs(points - before).mean()) / spread
    ratio = None
    if old:
        ratio = round(new / old, 3)
    return {
        "median_before": old,
        "median_now": new,
        "ratio": ratio,
        "distance": round(distance, 3),
    }
