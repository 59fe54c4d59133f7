"""One field of a new snapshot against the same field of the last one.

Knows two snapshots' facts and reports, and the monitors' tests with the limits they are held to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.data.types import role_of
from mesocosm.lifecycle.review.field_change import FieldChange
from mesocosm.lifecycle.review.table_comparison import compare_dates, compare_texts

Snapshot = Mapping[str, Any]

FEW = 20  # values under which nothing is concluded about a field
GAP = 0.2  # rise of a share (missing, unreadable, unseen values) that stops a build
LEVEL = 1e-4  # p-value that such a rise must have besides
MOST_VALUES = 50  # distinct values over which new ones are the rule in a category
# share from which a value that came no more, with new ones instead, is a change of codes
GONE = 0.05
GONE_ROWS = 10  # rows that a value that came no more would have had
SMALL_GAP = 0.05  # rise of a share of missing values that is reported
# share outside of the last range, and distance in standard deviations of the training rows, from
# which numbers are another quantity
OUTSIDE, FAR = 0.9, 4.0
# distance in standard deviations of the training rows, and p-value, from which a shift is reported
SHIFT, SHIFT_LEVEL = 0.25, 1e-6
KINDS_OF_RISE = ("unreadable", "missing")
RECODED = (
    "its values look recoded: with their names exchanged, their shares are those of the last"
    " snapshot"
)


def list_key_fields(snapshot: Snapshot) -> list[str]:
    """The fields that name a row of a snapshot."""
    key = snapshot["recipe"].get("key") or []
    if isinstance(key, str):
        return [key]
    return list(key)


def compare_field(
    name: str, settings: Mapping[str, Any], old: Snapshot, new: Snapshot
) -> list[FieldChange]:
    """What changed in a field: first its missing and unreadable values, then its texts or dates,
    then its distribution.

    Args:
        name: the field.
        settings: its settings in the new snapshot.
        old: the last snapshot.
        new: the new one.
    """
    rises = [_find_rise(name, kind, old["report"], new["report"]) for kind in KINDS_OF_RISE]
    found = [rise for rise in rises if rise][:1]  # an unreadable value is also a missing one
    if name in list_key_fields(new):  # new rows have new keys
        return found
    found = found or _compare_contents(name, old, new)
    if found:
        return found
    small = _find_rise(name, "missing", old["report"], new["report"], SMALL_GAP, SHIFT_LEVEL)
    if small:
        return [FieldChange(name, "distribution", small.evidence)]
    return _compare_distributions(name, settings, old, new)


def _compare_contents(name: str, old: Snapshot, new: Snapshot) -> list[FieldChange]:
    """What changed in the texts or dates of a field, where both snapshots have facts of them."""
    for kind, compare in (("texts", compare_texts), ("dates", compare_dates)):
        was, now = (snapshot["facts"].get(kind, {}).get(name) for snapshot in (old, new))
        changes: list[FieldChange] = []
        if was and now:
            changes = compare(name, was, now)
        if changes:
            return changes
    return []


def _compare_distributions(
    name: str, settings: Mapping[str, Any], old: Snapshot, new: Snapshot
) -> list[FieldChange]:
    was, now = (snapshot["facts"]["training"].get(name) for snapshot in (old, new))
    if not was or not now:
        return []
    if "numbers" in was and "numbers" in now:
        counting = _numbers_rows(name, old) and _numbers_rows(name, new)
        return _compare_numbers(name, settings, was, now, counting)
    if "counts" in was and "counts" in now:
        return _compare_categories(name, was["counts"], now["counts"])
    return []


def _find_rise(
    name: str,
    kind: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
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
    import numpy as np
    from scipy.stats import fisher_exact

    table = np.array([[bad_old, of_old - bad_old], [bad_new, of_new - bad_new]])
    if fisher_exact(table, alternative="less")[1] > level:
        return None
    evidence = (
        f"{bad_new} of {of_new} values are {kind} ({bad_new / of_new:.1%}); in the last snapshot"
        f" {bad_old} of {of_old} were ({bad_old / of_old:.1%})"
    )
    return FieldChange(name, kind, evidence)


def _count(name: str, kind: str, report: Mapping[str, Any]) -> tuple[int, int] | None:
    """How many values of a field are missing or unreadable, and of how many."""
    profile = report["before"].get(name)
    if profile is None:
        return None
    if kind == "missing":
        return int(profile["missing"]), int(profile["rows"])
    if "unreadable" not in report:
        return None
    return int(report["unreadable"].get(name, 0)), int(profile["rows"])


def _numbers_rows(name: str, snapshot: Snapshot) -> bool:
    """Whether each row has an integer of its own, as invoices and events have: in later rows it is
    greater.
    """
    profile = (snapshot["report"].get("after") or snapshot["report"]["before"]).get(name, {})
    is_integer = role_of(snapshot["recipe"]["fields"][name]) == "integer"
    if not is_integer or "distinct" not in profile:
        return False
    return bool(profile["distinct"] >= profile["rows"] - profile["missing"] > 0)


def _compare_numbers(
    name: str,
    settings: Mapping[str, Any],
    known: TrainingColumn,
    now: TrainingColumn,
    counting: bool,
) -> list[FieldChange]:
    """What moved in a field of numbers; where they number the rows (`counting`), another range is
    reported and stops nothing.
    """
    from mesocosm.monitoring.drift.feature_tests import find_drifted

    if min(known["rows"], now["rows"]) < FEW:
        return []
    live = _resample(now)
    drifts, _ = find_drifted({name: known}, {name: live}, LEVEL)
    if not drifts:
        return []
    if not counting:
        change = _find_unit_change(name, known, live, settings.get("unit"))
        if change:
            return [FieldChange(name, "unit", change)]
    drift = drifts[0]
    distance = drift.get("distance", 0)
    outside = _share_outside(known, live)
    if outside > OUTSIDE and distance > FAR:
        kind = "schema"
        if counting:
            kind = "distribution"
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
    text = f"its values are {change.times:.4g} times what they were"
    if change.plus > 0:
        text += f" plus {change.plus:.4g}"
    elif change.plus:
        text += f" less {-change.plus:.4g}"
    if change.share < 1:
        text += f" in about {change.share:.0%} of the rows"
    text += " and otherwise the same"
    if change.named:
        text += f" ({change.named})"
    return text


def _resample(known: TrainingColumn) -> list[float]:
    """As many values as the test should count, read off the quantiles of a distribution."""
    import numpy as np

    points = np.asarray(known["numbers"], dtype=float)
    at = np.linspace(0, 1, int(min(2000, max(known["rows"], len(points)))))
    return [float(v) for v in np.quantile(points, at)]


def _compare_categories(
    name: str, known: Mapping[str, int], now: Mapping[str, int]
) -> list[FieldChange]:
    """New values, or shares of the known ones that moved.

    Args:
        name: the field.
        known: how many rows of the last snapshot have each value.
        now: how many rows of the new one have it.
    """
    rows = sum(now.values())
    if min(sum(known.values()), rows) < FEW or len(known) > MOST_VALUES:
        return []
    unseen = {value: count for value, count in now.items() if value not in known}
    share = sum(unseen.values()) / rows
    if share < GONE:
        return _compare_shares(name, known, now)
    gone = _count_gone(known, now)
    evidence = f"{share:.0%} of its values were never seen before ({len(unseen)} new values)"
    most_frequent = sorted(unseen, key=lambda value: -unseen[value])[:5]
    examples = tuple(str(value) for value in most_frequent)
    if share < GAP and not gone:
        return [FieldChange(name, "distribution", evidence, examples)]
    if gone == 1:
        evidence += ", and 1 frequent value came no more"
    elif gone:
        evidence += f", and {gone} frequent values came no more"
    return [FieldChange(name, "schema", f"{evidence}: its codes changed", examples)]


def _count_gone(known: Mapping[str, int], now: Mapping[str, int]) -> int:
    """How many frequent values came no more, of which some rows were expected."""
    were, rows = sum(known.values()), sum(now.values())
    shares = [count / were for value, count in known.items() if value not in now]
    return sum(share >= GONE and share * rows >= GONE_ROWS for share in shares)


def _compare_shares(
    name: str, known: Mapping[str, int], now: Mapping[str, int]
) -> list[FieldChange]:
    """Whether the shares of values moved: total variation, and the chi-squared test."""
    were, rows = sum(known.values()), sum(now.values())
    values = [*{**known, **now}]
    gaps = [abs(known.get(value, 0) / were - now.get(value, 0) / rows) for value in values]
    moved = sum(gaps) / 2
    if moved < SHIFT:
        return []
    from scipy.stats import chi2_contingency

    counts = [[part.get(value, 0) for value in values] for part in (known, now)]
    if chi2_contingency(counts).pvalue >= SHIFT_LEVEL:
        return []
    evidence = (
        f"{moved:.0%} of the rows would have to have another value for its shares to be those of"
        " the last snapshot"
    )
    return [FieldChange(name, "distribution", evidence)]


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
            usable[name] = facts.copy()
            usable[name].pop("missing", None)
    if not usable:
        return []
    found: list[FieldChange] = []
    for change in find_changes(usable, live, LEVEL):
        kind = change.detail["change"]
        if kind == "recoded":
            found.append(FieldChange(change.field, change.kind, RECODED))
        elif kind in ("exchanged", "one value"):
            found.append(FieldChange(change.field, change.kind, str(change.why)))
    return found


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
