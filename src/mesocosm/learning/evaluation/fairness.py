"""Fairness: how a model treats demographic groups by declared fields. Knows predictions, labels and
groups.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import Field

from mesocosm.core.records import OMIT, Json, Record, write_value
from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Array, Columns, Ints, Mask

GAPS = ("parity_gap", "odds_gap", "accuracy_gap")
Rates = Mapping[str, float | None]  # `chosen`, `found` and `mistaken` of one class
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


@dataclass(frozen=True, slots=True)
class GroupRates(Record):
    """The rows of a group, and its rates where they are enough; `classes` by class."""

    rows: int
    accuracy: float | None = field(default=None, metadata=OMIT)
    classes: Mapping[str, Rates] | None = field(default=None, metadata=OMIT)


def assign_groups(values: Sequence[object], kind: str, at: Sequence[float]) -> list[str | None]:
    """The group of each row; None where the value is missing.

    Args:
        at: where groups of a number begin; quarters if not given.
    """
    if kind not in ("number", "integer"):
        return [_name_or_none(value) for value in values]
    return _assign_ranges(values, at)


def _name_or_none(value: object) -> str | None:
    if value is None:
        return None
    return str(value)


def _assign_ranges(values: Sequence[object], at: Sequence[float]) -> list[str | None]:
    """The range of each number."""
    import numpy as np

    from mesocosm.learning.arrays import read_number

    cuts = sorted(at)
    present = [read_number(value) for value in values if value is not None]
    if not cuts and present:
        quarters: list[float] = np.quantile(present, (0.25, 0.5, 0.75)).tolist()
        cuts = sorted(set(quarters))
    names = _range_names(cuts)

    def name_range(value: object) -> str | None:
        if value is None:
            return None
        return names[bisect_right(cuts, read_number(value))]

    return [name_range(value) for value in values]


def _range_names(cuts: Sequence[float]) -> list[str]:
    if not cuts:
        return ["all"]
    between = [f"{a:g} to under {b:g}" for a, b in pairwise(cuts)]
    return [f"under {cuts[0]:g}", *between, f"{cuts[-1]:g} or more"]


def measure_fairness(
    fair: Fair,
    columns: Columns,
    kinds: Mapping[str, str],
    predictions: Ints,
    y: Array,
    labels: Sequence[str],
) -> dict[str, Json]:
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
    by_field: dict[str, dict[str, GroupRates]] = {}
    gaps: dict[str, list[float]] = {name: [0.0] for name in GAPS}
    for name in fair.groups:
        of_row = assign_groups(columns[name], kinds[name], fair.bins.get(name, ()))
        rates = _group_rates(of_row, predictions, y, {labels[k]: k for k in classes})
        by_field[name] = rates
        _add_gaps(gaps, list(rates.values()), [labels[k] for k in classes])
    return _to_json(by_field, gaps)


def _add_gaps(
    gaps: dict[str, list[float]], groups: Sequence[GroupRates], classes: Sequence[str]
) -> None:
    """Append the gaps between the groups that have rates."""
    large = [group for group in groups if group.accuracy is not None]
    gaps["accuracy_gap"].append(_gap([group.accuracy for group in large]))
    for label in classes:
        parity, odds = _class_gaps([_rates_of(group, label) for group in large])
        gaps["parity_gap"].append(parity)
        gaps["odds_gap"].append(odds)


def _to_json(
    by_field: Mapping[str, Mapping[str, GroupRates]], gaps: Mapping[str, Sequence[float]]
) -> dict[str, Json]:
    """The rates and the greatest gaps as a version's metrics hold them."""
    found: dict[str, Json] = {"fields": write_value(by_field)}
    for name, values in gaps.items():
        found[name] = round(max(values), 4)
    return found


def _compared_classes(fair: Fair, labels: Sequence[str]) -> Sequence[int]:
    """The favourable class; else the second of two, or all."""
    if fair.positive in labels:
        return [labels.index(fair.positive)]
    if len(labels) == 2:
        return [1]
    return range(len(labels))


def _group_rates(
    of_row: Sequence[str | None], predictions: Ints, y: Array, classes: Mapping[str, int]
) -> dict[str, GroupRates]:
    """The rates of each group; only its rows where they are few."""
    import numpy as np

    found: dict[str, GroupRates] = {}
    for group in sorted({g for g in of_row if g is not None}):
        pick: Mask = np.array([g == group for g in of_row], np.bool_)
        found[group] = _rates_within(pick, predictions, y, classes)
    return found


def _rates_within(
    pick: Mask, predictions: Ints, y: Array, classes: Mapping[str, int]
) -> GroupRates:
    """The rates of the rows of one group."""
    rows = int(pick.sum())
    if rows < MIN_ROWS:
        return GroupRates(rows)
    rates: dict[str, Rates] = {}
    for label, k in classes.items():
        chosen: Mask = predictions == k
        actual: Mask = y == k
        rates[label] = {
            "chosen": _rate(chosen[pick]),
            "found": _rate(chosen[pick & actual]),
            "mistaken": _rate(chosen[pick & ~actual]),
        }
    return GroupRates(rows, _rate(predictions[pick] == y[pick]), rates)


def _rates_of(group: GroupRates, label: str) -> Rates:
    """The rates of one class in a group that has rates."""
    assert group.classes is not None
    return group.classes[label]


def _class_gaps(rates: Sequence[Rates]) -> tuple[float, float]:
    """The gaps of demographic parity and of equalized odds between the rates of groups."""
    parity = _gap([one["chosen"] for one in rates])
    found, mistaken = (
        _gap([one["found"] for one in rates]),
        _gap([one["mistaken"] for one in rates]),
    )
    return parity, max(found, mistaken)


def _rate(hits: Mask) -> float | None:
    """The share of hits; None where there are no rows."""
    if not len(hits):
        return None
    return round(float(hits.mean()), 4)


def _gap(rates: Sequence[float | None]) -> float:
    present = [r for r in rates if r is not None]
    return max(present, default=0.0) - min(present, default=0.0)
