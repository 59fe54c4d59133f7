"""Changes of a field at its source: missing, constant, recoded, swapped with another, in another
unit. Knows distributions.

Every field is tested for every cause. A cause is named only where, undone, the other rows look like
the training rows.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.confidential.row_values import mark_value
from mesocosm.core.messages import Message
from mesocosm.core.records import JsonObject
from mesocosm.core.values.count_tests import binomial_tail
from mesocosm.core.values.numbers import to_float
from mesocosm.monitoring.drift.category_changes import (
    FEW,
    LIKE,
    Change,
    find_recoded,
    find_unseen,
    p_same,
)
from mesocosm.monitoring.drift.feature_tests import Columns, Training
from mesocosm.monitoring.drift.unit_change import LEAST, UnitChange, find_unit

STUCK = 0.15  # the share of one value from which a number is constant


@dataclasses.dataclass(frozen=True)
class _Columns:
    """Training distributions and live values by field.

    Args:
        training: quantiles or counts.
        live: values, None for what is missing.
        sent: numbers as they came, of fields that a recipe clips.
        units: units of numbers.
        moved: fields whose distributions differ.
        level: false alarms accepted for one test.
    """

    training: Training
    live: Columns
    sent: Columns
    units: Mapping[str, str | None]
    moved: Sequence[str]
    level: float

    def values(self, name: str) -> list[object]:
        """The live values of a field, without what is missing."""
        return [v for v in self.live.get(name, ()) if v is not None]

    def sent_values(self, name: str) -> list[object]:
        """The values of a field as they came, without what is missing."""
        if name not in self.sent:
            return self.values(name)
        return [v for v in self.sent[name] if v is not None]


def find_changes(
    training: Training,
    live: Columns,
    level: float,
    units: Mapping[str, str | None] | None = None,
    sent: Columns | None = None,
) -> list[Change]:
    """Find what changed at the source of fields, the smallest p-value first; `schema` and `missing`
    before `unit`.

    Args:
        training: per field quantiles (`numbers`, `rows`) or `counts`, and the share that was
            `missing` where it is known.
        live: values by field, None for what is missing.
        level: false alarms accepted over all fields (Bonferroni).
        units: units of numbers, by field.
        sent: numbers as they came, of fields that a recipe clips: a default value and a unit are
            looked for in them.
    """
    each = level / max(1, 4 * len(training))
    moved = [n for n in training if _has_moved(training[n], live.get(n, ()), each)]
    columns = _Columns(training, live, sent or {}, units or {}, moved, each)
    found = [_find_change(columns, name) for name in training]
    changes = [change for change in found if change is not None]
    return sorted(changes, key=lambda c: (c.kind == "unit", c.p))


def _find_change(columns: _Columns, name: str) -> Change | None:
    """The likeliest change of one field; None where it has few values, too."""
    known, values = columns.training[name], columns.live.get(name, ())
    if len(values) < LEAST:
        return None
    change = find_missing(name, known, values, columns.level)
    if change is not None:
        return change
    if "counts" in known:
        return _find_change_of_category(columns, name)
    if "numbers" in known and name in columns.moved:
        return _find_change_of_number(columns, name)
    return None


def _find_change_of_category(columns: _Columns, name: str) -> Change | None:
    there = columns.values(name)
    change = find_unseen(name, columns.training, there, columns.level)
    if change is None and name in columns.moved:
        return find_recoded(name, columns.training[name], there)
    return change


def _find_change_of_number(columns: _Columns, name: str) -> Change | None:
    known, sent = columns.training[name], columns.sent_values(name)
    return (
        _find_constant(name, known, sent, columns.level)
        or _find_swapped(columns, name)
        or _find_unit_change(name, known, sent, columns.units.get(name))
    )


def _has_moved(known: TrainingColumn, values: Sequence[object], level: float) -> bool:
    there = [v for v in values if v is not None]
    if len(there) < LEAST or not {"numbers", "counts"} & set(known):
        return False
    return p_same(known, there) < level


def find_missing(
    name: str, known: TrainingColumn, values: Sequence[object], level: float
) -> Change | None:
    """Test whether a field is missing more often than in the training rows; None where the training
    share is unknown.
    """
    before = known.get("missing")
    if before is None:
        return None
    count, rows = sum(v is None for v in values), len(values)
    usual = min(1.0, float(before) + 0.01)
    p = binomial_tail(count, rows, usual)
    if p >= level or count / rows - float(before) < FEW:
        return None
    why = Message(
        "monitoring.field_missing", field=name, missing=count, rows=rows, usual=float(before)
    )
    return Change(name, "missing", p, count, rows, why, {"change": "missing"})


def _find_constant(
    name: str, known: TrainingColumn, values: Sequence[object], level: float
) -> Change | None:
    """Test whether a number has one value in far more rows than before, and is as before in the
    others: a default, or a code for a missing value.
    """
    if not values:
        return None
    most, count = Counter(values).most_common(1)[0]
    value = to_float(most)
    points = np.asarray(known["numbers"], dtype=np.float64)
    usual = float((points == value).mean()) + 1 / len(points)
    p = binomial_tail(count, len(values), min(1.0, usual))
    if p >= level or count / len(values) - usual < STUCK:
        return None
    if not _are_as_before(known, value, [to_float(v) for v in values if v != most]):
        return None
    why = Message(
        "monitoring.constant_value",
        field=name,
        value=mark_value(f"{value:.6g}"),
        same=count,
        rows=len(values),
        usual=usual,
    )
    detail: JsonObject = {"change": "one value", "value": value}
    return Change(name, "missing", p, count, len(values), why, detail)


def _are_as_before(known: TrainingColumn, value: float, others: Sequence[float]) -> bool:
    """Whether the rows without one value are distributed as the training rows without it are; also
    where too few are left to tell.
    """
    before = [number for number in known["numbers"] if number != value]
    if len(others) < LEAST or not before:
        return True
    low, high = known.get("clip") or (-np.inf, np.inf)
    clipped = [min(max(number, low), high) for number in others]
    return p_same({"numbers": before, "rows": known["rows"]}, clipped) >= LIKE


def _find_swapped(columns: _Columns, name: str) -> Change | None:
    """Test whether two numbers came in each other's place."""
    values, known = columns.values(name), columns.training[name]
    for other in columns.moved:
        if other != name and _are_swapped(columns, name, other):
            why = Message("monitoring.swapped", field=name, other=other)
            detail: JsonObject = {"change": "exchanged", "of": other}
            rows = len(values)
            return Change(name, "schema", p_same(known, values), rows, rows, why, detail)
    return None


def _are_swapped(columns: _Columns, name: str, other: str) -> bool:
    """Whether the values of each of two fields look like the training numbers of the other."""
    values, theirs = columns.values(name), columns.values(other)
    usual, known = columns.training[name], columns.training[other]
    if "numbers" not in known or len(theirs) < LEAST:
        return False
    return min(p_same(known, values), p_same(usual, theirs)) > 0.01


def _find_unit_change(
    name: str, known: TrainingColumn, values: Sequence[object], unit: str | None
) -> Change | None:
    found = find_unit(known, [to_float(v) for v in values], unit)
    if found is None:
        return None
    what = _describe_unit_change(found)
    named = found.named or Message("monitoring.unknown_unit_factor")
    return Change(
        name,
        "unit",
        p_same(known, values),
        round(found.share * len(values)),
        len(values),
        Message("monitoring.unit_changed", field=name, change=what, named=named),
        {
            "change": "unit",
            "factor": round(found.times, 6),
            "plus": round(found.plus, 4),
            "share": found.share,
            "named": found.named,
            "fit": found.fit,
        },
    )


def _describe_unit_change(found: UnitChange) -> Message:
    """What live numbers are of the usual ones: a factor, an offset, and in which part."""
    what = Message("monitoring.times", times=found.times)
    if found.plus > 0:
        what = Message("monitoring.times_plus", times=what, plus=found.plus)
    elif found.plus:
        what = Message("monitoring.times_minus", times=what, minus=-found.plus)
    if found.share < 1:
        what = Message("monitoring.times_in_part", times=what, share=found.share)
    return what
