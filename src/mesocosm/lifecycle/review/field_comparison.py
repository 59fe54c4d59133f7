"""One field of a new snapshot against the same field of the last one.

Knows two snapshots' facts and reports, and the monitors' tests with the limits they are held to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import DriftedFeature, SnapshotReport, TrainingColumn
from mesocosm.core.records import JsonObject
from mesocosm.core.values.count_tests import fisher_less
from mesocosm.core.values.json_shapes import list_texts, read_text
from mesocosm.data.types import role_of
from mesocosm.lifecycle.review.category_comparison import (
    FEW,
    GAP,
    SHIFT,
    SHIFT_LEVEL,
    compare_categories,
)
from mesocosm.lifecycle.review.field_change import ComparedSnapshot, FieldChange
from mesocosm.lifecycle.review.table_comparison import compare_dates, compare_texts

if TYPE_CHECKING:
    from mesocosm.monitoring.drift.category_changes import Change

LEVEL = 1e-4  # p-value that such a rise must have besides
SMALL_GAP = 0.05  # rise of a share of missing values that is reported
# share outside of the last range, and distance in standard deviations of the training rows, from
# which numbers are another quantity
OUTSIDE, FAR = 0.9, 4.0
KINDS_OF_RISE = ("unreadable", "missing")
RECODED = (
    "its values look recoded: with their names exchanged, their shares are those of the last"
    " snapshot"
)


def list_key_fields(snapshot: ComparedSnapshot) -> list[str]:
    """The fields that name a row of a snapshot."""
    key: object = snapshot["recipe"].get("key")
    if isinstance(key, str):
        return [key]
    return list_texts(key)


def compare_field(
    name: str, settings: JsonObject, old: ComparedSnapshot, new: ComparedSnapshot
) -> list[FieldChange]:
    """What changed in a field: first its missing and unreadable values, then its texts or dates,
    then its distribution.

    Args:
        name: the field.
        settings: its settings in the new snapshot.
        old: the last snapshot.
        new: the new one.
    """
    found = _find_first_rise(name, old["report"], new["report"])
    if name in list_key_fields(new):  # new rows have new keys
        return found
    found = found or _compare_contents(name, old, new)
    if found:
        return found
    small = _find_rise(name, "missing", old["report"], new["report"], SMALL_GAP, SHIFT_LEVEL)
    if small:
        return [FieldChange(name, "distribution", small.evidence)]
    return _compare_distributions(name, settings, old, new)


def _find_first_rise(name: str, old: SnapshotReport, new: SnapshotReport) -> list[FieldChange]:
    """The rise of unreadable or of missing values; an unreadable value is also a missing one."""
    for kind in KINDS_OF_RISE:
        rise = _find_rise(name, kind, old, new)
        if rise:
            return [rise]
    return []


def _compare_contents(name: str, old: ComparedSnapshot, new: ComparedSnapshot) -> list[FieldChange]:
    """What changed in the texts or dates of a field, where both snapshots have facts of them."""
    texts = [snapshot["facts"].get("texts", {}).get(name) for snapshot in (old, new)]
    changes: list[FieldChange] = []
    if texts[0] and texts[1]:
        changes = compare_texts(name, texts[0], texts[1])
    return changes or _compare_days(name, old, new)


def _compare_days(name: str, old: ComparedSnapshot, new: ComparedSnapshot) -> list[FieldChange]:
    """What changed in the dates of a field, where both snapshots have facts of them."""
    dates = [snapshot["facts"].get("dates", {}).get(name) for snapshot in (old, new)]
    if not dates[0] or not dates[1]:
        return []
    return compare_dates(name, dates[0], dates[1])


def _compare_distributions(
    name: str, settings: JsonObject, old: ComparedSnapshot, new: ComparedSnapshot
) -> list[FieldChange]:
    was, now = (snapshot["facts"]["training"].get(name, {}) for snapshot in (old, new))
    if "numbers" in was and "numbers" in now:
        return _compare_measurements(name, settings, old, new)
    if "counts" in was and "counts" in now:
        return compare_categories(name, was["counts"], now["counts"])
    return []


def _compare_measurements(
    name: str, settings: JsonObject, old: ComparedSnapshot, new: ComparedSnapshot
) -> list[FieldChange]:
    """What moved in a field of numbers, which may number the rows."""
    was, now = (snapshot["facts"]["training"][name] for snapshot in (old, new))
    if _numbers_rows(name, old) and _numbers_rows(name, new):
        return _compare_row_numbers(name, was, now)
    return _compare_numbers(name, settings, was, now)


def _find_rise(
    name: str,
    kind: str,
    old: SnapshotReport,
    new: SnapshotReport,
    gap: float = GAP,
    level: float = LEVEL,
) -> FieldChange | None:
    """A share that rose by more than `gap`; the test is Fisher's exact one (Fisher 1935, The Design
    of Experiments).
    """
    was, now = _count(name, kind, old), _count(name, kind, new)
    if was is None or now is None:
        return None
    (bad_old, of_old), (bad_new, of_new) = was, now
    if min(of_old, of_new) < FEW or bad_new / of_new - bad_old / of_old < gap:
        return None
    if fisher_less((bad_old, of_old - bad_old), (bad_new, of_new - bad_new)) > level:
        return None
    evidence = (
        f"{bad_new} of {of_new} values are {kind} ({bad_new / of_new:.1%}); in the last snapshot"
        f" {bad_old} of {of_old} were ({bad_old / of_old:.1%})"
    )
    return FieldChange(name, kind, evidence)


def _count(name: str, kind: str, report: SnapshotReport) -> tuple[int, int] | None:
    """How many values of a field are missing or unreadable, and of how many."""
    profile = report["before"].get(name)
    if profile is None:
        return None
    if kind == "missing":
        return int(profile["missing"]), int(profile["rows"])
    if "unreadable" not in report:
        return None
    return int(report["unreadable"].get(name, 0)), int(profile["rows"])


def _numbers_rows(name: str, snapshot: ComparedSnapshot) -> bool:
    """Whether each row has an integer of its own, as invoices and events have: in later rows it is
    greater.
    """
    profile = (snapshot["report"].get("after") or snapshot["report"]["before"]).get(name, {})
    is_integer = role_of(snapshot["recipe"]["fields"][name]) == "integer"
    if not is_integer or "distinct" not in profile:
        return False
    return bool(profile["distinct"] >= profile["rows"] - profile["missing"] > 0)


def _compare_numbers(
    name: str, settings: JsonObject, known: TrainingColumn, now: TrainingColumn
) -> list[FieldChange]:
    """What moved in a field of numbers: its unit, its range, its distribution."""
    live = _resample(now)
    drift = _find_drift(name, known, now, live)
    if drift is None:
        return []
    unit = _find_unit_change(name, known, live, read_text(settings.get("unit")))
    if unit:
        return [FieldChange(name, "unit", unit)]
    return _describe_drift(name, drift, _share_outside(known, live), "schema")


def _compare_row_numbers(
    name: str, known: TrainingColumn, now: TrainingColumn
) -> list[FieldChange]:
    """What moved in a field that numbers the rows; another range is reported and stops nothing."""
    live = _resample(now)
    drift = _find_drift(name, known, now, live)
    if drift is None:
        return []
    return _describe_drift(name, drift, _share_outside(known, live), "distribution")


def _find_drift(
    name: str, known: TrainingColumn, now: TrainingColumn, live: Sequence[float]
) -> DriftedFeature | None:
    """How far numbers moved, where the monitors' test finds that they did."""
    from mesocosm.monitoring.drift.feature_tests import find_drifted

    if min(known["rows"], now["rows"]) < FEW:
        return None
    drifts, _ = find_drifted({name: known}, {name: live}, LEVEL)
    if not drifts:
        return None
    return drifts[0]


def _describe_drift(
    name: str, drift: DriftedFeature, outside: float, kind: str
) -> list[FieldChange]:
    """A drift as a change: of a `kind` where most values lie far outside of the last range, and of
    the distribution where it moved far enough.
    """
    distance = drift.get("distance", 0)
    if outside > OUTSIDE and distance > FAR:
        evidence = (
            f"{outside:.0%} of its values lie outside of the range of the last snapshot,"
            f" {distance:.1f} standard deviations away"
        )
        return [FieldChange(name, kind, evidence)]
    if distance >= SHIFT and drift["p"] < SHIFT_LEVEL:
        evidence = (
            f"its median was {drift['median_before']:,.4g} and is {drift['median_now']:,.4g};"
            f" the distribution moved by {distance:.2f} standard deviations"
        )
        return [FieldChange(name, "distribution", evidence)]
    return []


def _share_outside(known: TrainingColumn, live: Sequence[float]) -> float:
    """The share of values that lie outside of a known range."""
    low, high = float(known["numbers"][0]), float(known["numbers"][-1])
    return sum(not low <= value <= high for value in live) / len(live)


def _find_unit_change(
    name: str, known: TrainingColumn, live: Sequence[float], unit: str | None
) -> str | None:
    """The factor that the monitors' test finds between two samples, as a sentence."""
    from mesocosm.monitoring.drift.unit_change import find_unit

    change = find_unit(known, live, unit)
    if change is None:
        return None
    text = f"its values are {change.times:.4g} times what they were{_describe_shift(change.plus)}"
    if change.share < 1:
        text += f" in about {change.share:.0%} of the rows"
    text += " and otherwise the same"
    if change.named:
        text += f" ({change.named})"
    return text


def _describe_shift(plus: float) -> str:
    """What is added to values or taken off, as the rest of a sentence."""
    if not plus:
        return ""
    if plus > 0:
        return f" plus {plus:.4g}"
    return f" less {-plus:.4g}"


def _resample(known: TrainingColumn) -> list[float]:
    """As many values as the test should count, read off the quantiles of a distribution."""
    import numpy as np

    points = np.asarray(known["numbers"], dtype=float)
    at = np.linspace(0, 1, int(min(2000, max(known["rows"], len(points)))))
    return [float(v) for v in np.quantile(points, at)]


def find_transformations(
    known: Mapping[str, TrainingColumn], now: Mapping[str, TrainingColumn]
) -> list[FieldChange]:
    """What the monitors' tests find was done to fields: two exchanged, one value in many rows,
    values recoded among themselves.
    """
    from mesocosm.monitoring.drift.source_changes import find_changes

    live = {name: _sample(facts) for name, facts in now.items()}
    usable: dict[str, TrainingColumn] = {}
    for name, facts in known.items():
        if len(live[name]) >= FEW:
            usable[name] = _without_missing(facts)
    if not usable:
        return []
    changes = map(_describe_transformation, find_changes(usable, live, LEVEL))
    return list(filter(None, changes))


def _without_missing(facts: TrainingColumn) -> TrainingColumn:
    """The distribution of a field without the share of its missing values."""
    known = facts.copy()
    known.pop("missing", None)
    return known


def _describe_transformation(change: Change) -> FieldChange | None:
    """What was done to a field; None of what other comparisons tell."""
    kind = change.detail["change"]
    if kind == "recoded":
        return FieldChange(change.field, change.kind, RECODED)
    if kind in ("exchanged", "one value"):
        return FieldChange(change.field, change.kind, str(change.why))
    return None


def _sample(facts: TrainingColumn) -> list[object]:
    if "numbers" in facts:
        return [*_resample(facts)]
    return [*_expand(facts["counts"])]


def _expand(counts: Mapping[str, int]) -> list[str]:
    """As many values as the test should count, of a category's counts."""
    scale = min(1.0, 2000 / max(1, sum(counts.values())))
    values: list[str] = []
    for value, count in counts.items():
        values += [value] * round(count * scale)
    return values
