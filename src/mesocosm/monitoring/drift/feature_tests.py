"""Which features differ from the training rows, all tests together held to one false-alarm level.
Knows the tests; judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.monitoring.drift.detectors import FEATURE_TESTS

LEAST = 20  # values of a feature under which nothing is said of it


def collect_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns, without what is missing."""
    names = dict.fromkeys(n for row in rows[:1] for n in row)
    return {name: [v for row in rows if (v := row.get(name)) is not None] for name in names}


def find_drifted(
    training: Mapping[str, Any],
    live: Mapping[str, Sequence[Any]],
    level: float,
    method: str = "auto",
    whole: Mapping[str, float] | None = None,
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """The features whose live values differ, worst first, and every p-value.

    Args:
        training: per feature its training quantiles or counts.
        live: cleaned live values by feature, without what is missing.
        level: false alarms accepted for one look over all features (Bonferroni).
        method: `auto` is `ks` for numbers and `chi2` for categories; `psi` is for numbers.
        whole: p-values of what was tested as a whole, by its name.
    """
    found: list[dict[str, Any]] = []
    tested: dict[str, float] = dict(whole or {})
    for name, known in training.items():
        if not {"numbers", "counts"} & set(known):
            continue
        numbers = "numbers" in known
        kind = method if method != "auto" else "ks" if numbers else "chi2"
        values = live.get(name, ())
        if (kind == "chi2") == numbers or len(values) < LEAST:
            continue
        tested[name] = FEATURE_TESTS[kind]().p_value(known, values)
    for name, p in sorted(tested.items(), key=lambda e: e[1]):
        if p < level / len(tested):
            found.append(
                {
                    "feature": name,
                    "p": p,
                    **(_measure_shift(training[name], live[name]) if name in training else {}),
                }
            )
    return found, tested


def _measure_shift(known: Mapping[str, Any], values: Sequence[Any]) -> dict[str, Any]:
    """How far the middle moved, and the mean distance between both distributions in training
    spreads (Wasserstein).
    """
    if "numbers" not in known:
        return {}
    import numpy as np

    before, now = (
        np.sort(np.asarray(known["numbers"], dtype=float)),
        np.asarray(values, dtype=float),
    )
    old, new = float(np.median(before)), float(np.median(now))
    spread = float(before.std()) or 1.0
    distance = (
        float(np.abs(np.quantile(now, np.linspace(0, 1, len(before))) - before).mean()) / spread
    )
    return {
        "median_before": old,
        "median_now": new,
        "ratio": round(new / old, 3) if old else None,
        "distance": round(distance, 3),
    }
