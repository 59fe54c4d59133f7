"""A new snapshot against the last one, field by field, before anything is trained on it.

Knows two snapshots' records and the monitors' tests. A changed unit, a changed schema and a field that became missing stop the build;
a shifted distribution is only reported. Accepting a change is a person's act and is audited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mesocosm.base.digest import canonical
from mesocosm.base.errors import Finding, Invalid
from mesocosm.base.files import write_json
from mesocosm.spec import Spec

FEW = 20  # values under which nothing is concluded about a field
GAP = 0.2  # rise of a share (missing, unreadable, unseen values) that stops a build
LEVEL = 1e-4  # p-value that such a rise must have besides
MOST_VALUES = 50  # distinct values over which new ones are the rule in a category
SHIFT, SHIFT_LEVEL = 0.25, 1e-6  # distance in training spreads, and p-value, from which a shifted distribution is reported


@dataclass(frozen=True)
class FieldChange:
    """What changed in one field between two snapshots.

    Args:
        kind: `missing`, `unreadable`, `unit`, `schema` (these stop a build) or `distribution` (reported).
        evidence: what was measured, in a sentence without any value of a row: roles that may not read rows see it.
        examples: values that were never seen before, for who may read rows.
    """

    field: str
    kind: str
    evidence: str
    examples: tuple[str, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether nothing may be trained on it before a person accepts it."""
        return self.kind != "distribution"


def compare_snapshots(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    """Compare each field that both snapshots define alike.

    A field whose definition the file changed is left out: that change was asked for. Fields that `fields: auto` drafted are
    compared in any case, since nobody asked for those.

    Args:
        old: `account`, `report`, `facts`, `recipe` of the last snapshot.
        new: the same of the new one.
    """
    before, after = old["recipe"]["fields"], new["recipe"]["fields"]
    drafted = bool(new["recipe"].get("auto"))
    found: list[FieldChange] = []
    for name in after:
        if name not in before:
            continue
        if before[name]["type"] != after[name]["type"]:
            if drafted:
                found.append(FieldChange(name, "schema", f"its type was {before[name]['type']} and is {after[name]['type']}"))
            continue
        if not drafted and canonical(before[name]) != canonical(after[name]):
            continue
        found += _compare_field(name, after[name], old, new)
    return found


def _compare_field(name: str, settings: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[FieldChange]:
    rises = [_find_rise(name, what, old["report"], new["report"]) for what in ("unreadable", "missing")]
    found = [rise for rise in rises if rise][:1]  # an unreadable value is also a missing one
    known, now = old["facts"]["training"].get(name), new["facts"]["training"].get(name)
    if found or not known or not now:
        return found
    if "numbers" in known and "numbers" in now:
        return _compare_numbers(name, settings.get("unit"), known, now)
    if "counts" in known and "counts" in now:
        return _compare_categories(name, known["counts"], now["counts"])
    return found


def _find_rise(name: str, what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> FieldChange | None:
    """A share that rose by more than `GAP`; the test is Fisher's exact one (Fisher 1935, The Design of Experiments)."""
    counts = [_count(name, what, report) for report in (old, new)]
    if counts[0] is None or counts[1] is None:
        return None
    (bad_old, of_old), (bad_new, of_new) = counts[0], counts[1]
    if min(of_old, of_new) < FEW or bad_new / of_new - bad_old / of_old < GAP:
        return None
    from scipy.stats import fisher_exact

    p = fisher_exact([[bad_old, of_old - bad_old], [bad_new, of_new - bad_new]], alternative="less")[1]
    if p > LEVEL:
        return None
    evidence = f"{bad_new} of {of_new} values are {what} ({bad_new / of_new:.1%}); in the last snapshot {bad_old} of {of_old} were ({bad_old / of_old:.1%})"
    return FieldChange(name, what, evidence)


def _count(name: str, what: str, report: Mapping[str, Any]) -> tuple[int, int] | None:
    profile = report["before"].get(name)
    if profile is None:
        return None
    if what == "missing":
        return int(profile["missing"]), int(profile["rows"])
    return (int(report["unreadable"].get(name, 0)), int(profile["rows"])) if "unreadable" in report else None


def _compare_numbers(name: str, unit: str | None, known: Mapping[str, Any], now: Mapping[str, Any]) -> list[FieldChange]:
    from mesocosm.operate.drift.features import drifted

    if min(known["rows"], now["rows"]) < FEW:
        return []
    live = _resample(now)
    changes, _ = drifted({name: known}, {name: live}, LEVEL)
    if not changes:
        return []
    change = _find_unit_change(name, known, live, unit)
    if change:
        return [FieldChange(name, "unit", change)]
    first = changes[0]
    if first.get("distance", 0) >= SHIFT and first["p"] < SHIFT_LEVEL:
        return [FieldChange(name, "distribution", f"its median was {first['median_before']:,.4g} and is {first['median_now']:,.4g}; the distribution moved by {first['distance']:.2f} standard deviations")]
    return []


def _find_unit_change(name: str, known: Mapping[str, Any], live: Sequence[float], unit: str | None) -> str | None:
    """The factor that the monitors' test finds between two samples, as a sentence."""
    from mesocosm.operate.drift.units import find_unit

    found = find_unit(known, live, unit)
    if found is None:
        return None
    plus = f" {'plus' if found.plus > 0 else 'less'} {abs(found.plus):.4g}" if found.plus else ""
    part = f" in about {found.share:.0%} of the rows" if found.share < 1 else ""
    return f"its values are {found.times:.4g} times what they were{plus}{part} and otherwise the same{f' ({found.named})' if found.named else ''}"


def _resample(known: Mapping[str, Any]) -> list[float]:
    """As many values as the test should count, read off the quantiles of a distribution."""
    import numpy as np

    points = np.asarray(known["numbers"], dtype=float)
    at = np.linspace(0, 1, int(min(2000, max(known["rows"], len(points)))))
    return [float(v) for v in np.quantile(points, at)]


def _compare_categories(name: str, known: Mapping[str, int], now: Mapping[str, int]) -> list[FieldChange]:
    rows, unseen = sum(now.values()), {v: n for v, n in now.items() if v not in known}
    if min(sum(known.values()), rows) < FEW or len(known) > MOST_VALUES or not unseen:
        return []
    share = sum(unseen.values()) / rows
    if share < GAP:
        return []
    first = tuple(str(v) for v in sorted(unseen, key=lambda v: -unseen[v])[:5])
    return [FieldChange(name, "schema", f"{share:.0%} of its values were never seen before ({len(unseen)} new values): its codes changed", first)]


def check_new_data(spec: Spec, dataset: str, made: str, last: Mapping[str, Any] | None, new: Mapping[str, Any], accepted: frozenset[str]) -> list[FieldChange]:
    """Compare, and stop where something changed that nobody accepted.

    Args:
        accepted: `DATASET`, `DATASET.FIELD`.

    Returns:
        The changes that do not stop the build: shifts, and what was accepted.

    Raises:
        Invalid: a unit or a schema changed, or a field became missing or unreadable; the findings hold the evidence and the line
            that accepts it.
    """
    store = spec.root / ".mesocosm"
    changes = compare_snapshots(last, new) if last else []
    stops = [c for c in changes if c.stops and not {dataset, f"{dataset}.{c.field}"} & accepted]
    if not stops:
        stop_file(store, dataset).unlink(missing_ok=True)
        return changes
    write_json(stop_file(store, dataset), {"made": made, "changes": [asdict(c) for c in stops]})
    raise Invalid(stop_findings(spec, dataset, stops))


def stop_findings(spec: Spec, dataset: str, stops: Sequence[FieldChange]) -> list[Finding]:
    """The stopping changes as findings."""
    found = []
    for change in stops:
        place = spec.place("datasets", dataset, "fields", change.field)
        wanted = f"data like the last snapshot, which stays in use. Fix the source, or accept the change: mesocosm build --accept {dataset}.{change.field}"
        shown = f", such as {', '.join(map(repr, change.examples))}" if change.examples else ""
        found.append(Finding(place, f"datasets.{dataset}.fields.{change.field}", f"{change.kind} change: {change.evidence}{shown}", wanted))
    return found


def stop_file(store: Path, dataset: str) -> Path:
    """Where a stopped build of a dataset leaves its evidence, for `plan` and the world."""
    return store / "stopped" / f"{dataset}.json"


def read_stop(store: Path, dataset: str, made: str | None = None) -> list[FieldChange]:
    """What stopped the last build of a dataset; nothing once it was built, or where its content is another than then."""
    import json

    path = stop_file(store, dataset)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if made is not None and kept["made"] != made:
            return []
        return [FieldChange(**{**change, "examples": tuple(change.get("examples", ()))}) for change in kept["changes"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
