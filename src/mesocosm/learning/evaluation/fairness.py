"""Fairness: how a model treats groups told by declared fields. Knows predictions, labels and
groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from mesocosm.core.settings import Kind

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
LEAST = 10


class Fair(Kind):
    """Groups that the model is compared on; the fields need not be inputs.

    Args:
        by: the fields that tell groups; a number is cut at `at`, or into quarters.
        favours: the class that is good for the person; where none is named, every class is looked
            at.
        at: for a number, where groups begin.

    Source: Hardt et al. 2016, arXiv 1610.02413 (equalised odds); Barocas, Hardt and Narayanan,
    Fairness and Machine Learning.

    >>> Fair(by=("age",), at={"age": (25, 60)}).by
    ('age',)
    """

    by: tuple[str, ...] = Field(min_length=1)
    favours: str | None = None
    at: dict[str, tuple[float, ...]] = {}


def assign_groups(values: Sequence[Any], kind: str, at: Sequence[float]) -> list[str | None]:
    """The group of each row; None where the value is missing."""
    import numpy as np

    if kind not in ("number", "integer"):
        return [None if v is None else str(v) for v in values]
    there = np.array([float(v) for v in values if v is not None])
    cuts = (
        sorted(at)
        if at
        else sorted(set(np.quantile(there, (0.25, 0.5, 0.75)).tolist()))
        if len(there)
        else []
    )
    names = (
        [
            f"under {cuts[0]:g}",
            *(f"{a:g} to under {b:g}" for a, b in zip(cuts, cuts[1:], strict=False)),
            f"{cuts[-1]:g} or more",
        ]
        if cuts
        else ["all"]
    )
    return [
        None if v is None else names[int(np.searchsorted(cuts, float(v), side="right"))]
        for v in values
    ]


def measure_fairness(
    fair: Fair,
    columns: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    said: Array,
    y: Array,
    labels: Sequence[str],
) -> dict[str, Any]:
    """Rates by group of each field and the greatest gaps between groups of ten rows or more.

    Returns:
        `fields`: for each field its groups (`rows`, `accuracy`, and by class `chosen`, `found`
            (true positive rate) and
        `mistaken` (false positive rate)); `parity_gap`: the greatest difference in `chosen`;
        `odds_gap`: in `found` or `mistaken`; `accuracy_gap`.
    """
    import numpy as np

    wanted = (
        [labels.index(fair.favours)]
        if fair.favours in labels
        else ([1] if len(labels) == 2 else range(len(labels)))
    )
    found: dict[str, Any] = {"fields": {}}
    gaps: dict[str, list[float]] = {"parity_gap": [0.0], "odds_gap": [0.0], "accuracy_gap": [0.0]}
    for field in fair.by:
        told = assign_groups(columns[field], kinds[field], fair.at.get(field, ()))
        mine: dict[str, Any] = {}
        for group in sorted({g for g in told if g is not None}):
            pick = np.array([g == group for g in told])
            if pick.sum() < LEAST:
                mine[group] = {"rows": int(pick.sum())}
                continue
            rates = {
                labels[k]: {
                    "chosen": _rate(said[pick] == k),
                    "found": _rate(said[pick & (y == k)] == k),
                    "mistaken": _rate(said[pick & (y != k)] == k),
                }
                for k in wanted
            }
            mine[group] = {
                "rows": int(pick.sum()),
                "accuracy": _rate(said[pick] == y[pick]),
                "classes": rates,
            }
        large = [g for g in mine.values() if "accuracy" in g]
        gaps["accuracy_gap"].append(_gap([g["accuracy"] for g in large]))
        for k in wanted:
            each = [g["classes"][labels[k]] for g in large]
            gaps["parity_gap"].append(_gap([e["chosen"] for e in each]))
            gaps["odds_gap"] += [_gap([e[what] for e in each]) for what in ("found", "mistaken")]
        found["fields"][field] = mine
    return found | {name: round(max(values), 4) for name, values in gaps.items()}


def _rate(hits: Array) -> float | None:
    return round(float(hits.mean()), 4) if len(hits) else None


def _gap(rates: Sequence[float | None]) -> float:
    there = [r for r in rates if r is not None]
    return max(there) - min(there) if len(there) > 1 else 0.0
