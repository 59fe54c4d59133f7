"""Fairness: how a model treats demographic groups by declared fields. Knows predictions, labels and
groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import Field

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
GAPS = ("parity_gap", "odds_gap", "accuracy_gap")
MIN_ROWS = 10  # of a group whose rates are compared


class Fair(Settings):
    """Groups that the model is compared on; the fields need not be inputs.

    Args:
        groups: the fields that define groups; a number is cut at `bins`, or into quarters.
        positive: the class that is good for the person; where none is named, every class is looked
            at.
        bins: for a number, where groups begin.

    Source: Hardt et al. 2016, arXiv 1610.02413 (equalised odds); Barocas, Hardt and Narayanan,
    Fairness and Machine Learning.

    >>> Fair(groups=("age",), bins={"age": (25, 60)}).groups
    ('age',)
    """

    groups: tuple[str, ...] = Field(min_length=1)
    positive: str | None = None
    bins: dict[str, tuple[float, ...]] = {}


def assign_groups(values: Sequence[Any], kind: str, at: Sequence[float]) -> list[str | None]:
    """The group of each row; None where the value is missing.

    Args:
        at: where groups of a number begin; quarters if not given.
    """
    import numpy as np

    if kind not in ("number", "integer"):
        return [None if v is None else str(v) for v in values]
    cuts = sorted(at)
    present = [float(v) for v in values if v is not None]
    if not cuts and present:
        cuts = sorted(set(np.quantile(present, (0.25, 0.5, 0.75)).tolist()))
    names = _range_names(cuts)
    return [
        None if v is None else names[int(np.searchsorted(cuts, float(v), side="right"))]
        for v in values
    ]


def _range_names(cuts: Sequence[float]) -> list[str]:
    if not cuts:
        return ["all"]
    between = [f"{a:g} to under {b:g}" for a, b in pairwise(cuts)]
    return [f"under {cuts[0]:g}", *between, f"{cuts[-1]:g} or more"]


def measure_fairness(
    fair: Fair,
    columns: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
    predictions: Array,
    y: Array,
    labels: Sequence[str],
) -> dict[str, Any]:
    """Rates by group of each field, and the greatest gaps between groups of ten rows or more.

    Args:
        columns: the declared fields of the test rows.
        predictions: the predicted class of each test row.

    Returns:
        `fields`: for each field its groups (`rows`, `accuracy`, and by class `chosen` (rate of
            positive predictions), `found` (true positive rate) and `mistaken` (false positive
            rate)); `parity_gap`: the greatest difference in `chosen` (demographic parity);
            `odds_gap`: in `found` or `mistaken` (equalized odds); `accuracy_gap`.
    """
    classes = _compared_classes(fair, labels)
    fields: dict[str, Any] = {}
    gaps: dict[str, list[float]] = {name: [0.0] for name in GAPS}
    for field in fair.groups:
        of_row = assign_groups(columns[field], kinds[field], fair.bins.get(field, ()))
        fields[field] = _group_rates(of_row, predictions, y, {labels[k]: k for k in classes})
        large = [g for g in fields[field].values() if "accuracy" in g]
        gaps["accuracy_gap"].append(_gap([g["accuracy"] for g in large]))
        for k in classes:
            parity, odds = _class_gaps([g["classes"][labels[k]] for g in large])
            gaps["parity_gap"].append(parity)
            gaps["odds_gap"].append(odds)
    return {"fields": fields} | {name: round(max(values), 4) for name, values in gaps.items()}


def _compared_classes(fair: Fair, labels: Sequence[str]) -> Sequence[int]:
    """The favourable class; else the second of two, or all."""
    if fair.positive in labels:
        return [labels.index(fair.positive)]
    if len(labels) == 2:
        return [1]
    return range(len(labels))


def _group_rates(
    of_row: Sequence[str | None], predictions: Array, y: Array, classes: Mapping[str, int]
) -> dict[str, dict[str, Any]]:
    """The rates of each group; only its rows where they are few."""
    import numpy as np

    found: dict[str, dict[str, Any]] = {}
    for group in sorted({g for g in of_row if g is not None}):
        pick = np.array([g == group for g in of_row])
        found[group] = {"rows": int(pick.sum())}
        if pick.sum() < MIN_ROWS:
            continue
        rates = {
            label: {
                "chosen": _rate(predictions[pick] == k),
                "found": _rate(predictions[pick & (y == k)] == k),
                "mistaken": _rate(predictions[pick & (y != k)] == k),
            }
            for label, k in classes.items()
        }
        found[group] |= {"accuracy": _rate(predictions[pick] == y[pick]), "classes": rates}
    return found


def _class_gaps(rates: Sequence[Mapping[str, float | None]]) -> tuple[float, float]:
    """The gaps of demographic parity and of equalized odds between the rates of groups."""
    chosen, found, mistaken = (
        _gap([r[name] for r in rates]) for name in ("chosen", "found", "mistaken")
    )
    return chosen, max(found, mistaken)


def _rate(hits: Array) -> float | None:
    return round(float(hits.mean()), 4) if len(hits) else None


def _gap(rates: Sequence[float | None]) -> float:
    present = [r for r in rates if r is not None]
    return max(present, default=0.0) - min(present, default=0.0)
