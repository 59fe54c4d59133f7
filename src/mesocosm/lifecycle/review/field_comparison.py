"""One field of a new snapshot against the same field of the last one.

Knows two snapshots' facts and reports, and the monitors' tests with the limits they are held to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.lifecycle.review.field_change import FieldChange
from mesocosm.lifecycle.review.table_comparison import compare_dates, compare_texts

FEW = 20  # values under which nothing is concluded about a field
GAP = 0.2  # rise of a share (missing, unreadable, unseen values) that stops a build
LEVEL = 1e-4  # p-value that such a rise must have besides
MOST_VALUES = 50  # distinct values over which new ones are the rule in a category
GONE = 0.05  # share from which a value that came no more, and new ones beside it, are a change of codes
SMALL_GAP = 0.05  # rise of a share of missing values that is reported
OUTSIDE, FAR = (
    0.9,
    4.0,
)  # share outside of the last range, and distance in training spreads, from which numbers are others
SHIFT, SHIFT_LEVEL = (
    0.25,
    1e-6,
)  # distance in training spreads, and p-value, from which a shifted distribution is reported


def keys(snapshot: Mapping[str, Any]) -> list[str]:
    key = snapshot["recipe"].get("key") or []
    return [key] if isinstance(key, str) else list(key)


def compare_field(
    name: str, settings: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[FieldChange]:
    rises = [
        _find_rise(name, what, old["report"], new["report"]) for what in ("unreadable", "missing")
    ]
    found = [rise for rise in rises if rise][:1]  # an unreadable value is also a missing one
    known, now = old["facts"]["training"].get(name), new["facts"]["training"].get(name)
    if name in keys(new):  # new rows have new keys
        return found
    texts, dates = (
        [s["facts"].get(k, {}).get(name) for s in (old, new)] for k in ("texts", "dates")
    )
    if not found and all(texts):
        found = compare_texts(name, *texts)
    if not found and all(dates):
        found = compare_dates(name, *dates)
    if not found and (
        gone := _find_rise(name, "missing", old["report"], new["report"], SMALL_GAP, SHIFT_LEVEL)
    ):
        return [FieldChange(name, "distribution", gone.evidence)]
    if found or not known or not now:
        return found
    if "numbers" in known and "numbers" in now:
        return _compare_numbers(
            name, settings, known, now, all(_numbers_rows(name, s) for s in (old, new))
        )
    if "counts" in known and "counts" in now:
        return _compare_categories(name, known["counts"], now["counts"])
    return found


def _find_rise(
    name: str,
    what: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    gap: float = GAP,
    level: float = LEVEL,
) -> FieldChange | None:
    """A share that rose by more than `gap`; the test is Fisher's exact one (Fisher 1935, The Design
    of Experiments).
    """
    counts = [_count(name, what, report) for report in (old, new)]
    if counts[0] is None or counts[1] is None:
        return None
    (bad_old, of_old), (bad_new, of_new) = counts[0], counts[1]
    if min(of_old, of_new) < FEW or bad_new / of_new - bad_old / of_old < gap:
        return None
    from scipy.stats import fisher_exact

    p = fisher_exact(
        [[bad_old, of_old - bad_old], [bad_new, of_new - bad_new]], alternative="less"
    )[1]
    if p > level:
        return None
    evidence = (
        f"{bad_new} of {of_new} values are {what} ({bad_new / of_new:.1%}); in the last snapshot"
        f" {bad_old} of {of_old} were ({bad_old / of_old:.1%})"
    )
    return FieldChange(name, what, evidence)


def _count(name: str, what: str, report: Mapping[str, Any]) -> tuple[int, int] | None:
    profile = report["before"].get(name)
    if profile is None:
        return None
    if what == "missing":
        return int(profile["missing"]), int(profile["rows"])
    return (
        (int(report["unreadable"].get(name, 0)), int(profile["rows"]))
        if "unreadable" in report
        else None
    )


def _numbers_rows(name: str, snapshot: Mapping[str, Any]) -> bool:
    """Whether each row has a whole number of its own, as invoices and events have: in later rows it
    is greater.
    """
    profile = (snapshot["report"].get("after") or snapshot["report"]["before"]).get(name, {})
    whole = snapshot["recipe"]["fields"][name]["type"] == "integer"
    return (
        whole
        and "distinct" in profile
        and profile["distinct"] >= profile["rows"] - profile["missing"] > 0
    )


def _compare_numbers(
    name: str,
    settings: Mapping[str, Any],
    known: Mapping[str, Any],
    now: Mapping[str, Any],
    counting: bool,
) -> list[FieldChange]:
    """What moved in a field of numbers; where they number the rows (`counting`), another range is
    reported and stops nothing.
    """
    from mesocosm.monitoring.drift.feature_tests import find_drifted

    if min(known["rows"], now["rows"]) < FEW:
        return []
    live = _resample(now)
    changes, _ = find_drifted({name: known}, {name: live}, LEVEL)
    if not changes:
        return []
    change = None if counting else _find_unit_change(name, known, live, settings.get("unit"))
    if change:
        return [FieldChange(name, "unit", change)]
    first = changes[0]
    low, high = float(known["numbers"][0]), float(known["numbers"][-1])
    outside = sum(not low <= v <= high for v in live) / len(live)
    if outside > OUTSIDE and first.get("distance", 0) > FAR:
        return [
            FieldChange(
                name,
                "distribution" if counting else "schema",
                f"{outside:.0%} of its values lie outside of the range of the last snapshot,"
                f" {first['distance']:.1f} standard deviations away",
            )
        ]
    if first.get("distance", 0) >= SHIFT and first["p"] < SHIFT_LEVEL:
        return [
            FieldChange(
                name,
                "distribution",
                f"its median was {first['median_before']:,.4g} and is {first['median_now']:,.4g};"
                f" the distribution moved by {first['distance']:.2f} standard deviations",
            )
        ]
    return []


def _find_unit_change(
    name: str, known: Mapping[str, Any], live: Sequence[float], unit: str | None
) -> str | None:
    """The factor that the monitors' test finds between two samples, as a sentence."""
    from mesocosm.monitoring.drift.unit_change import find_unit

    found = find_unit(known, live, unit)
    if found is None:
        return None
    plus = f" {'plus' if found.plus > 0 else 'less'} {abs(found.plus):.4g}" if found.plus else ""
    part = f" in about {found.share:.0%} of the rows" if found.share < 1 else ""
    return (
        f"its values are {found.times:.4g} times what they were{plus}{part} and otherwise the"
        f" same{f' ({found.named})' if found.named else ''}"
    )


def _resample(known: Mapping[str, Any]) -> list[float]:
    """As many values as the test should count, read off the quantiles of a distribution."""
    import numpy as np

    points = np.asarray(known["numbers"], dtype=float)
    at = np.linspace(0, 1, int(min(2000, max(known["rows"], len(points)))))
    return [float(v) for v in np.quantile(points, at)]


def _compare_categories(
    name: str, known: Mapping[str, int], now: Mapping[str, int]
) -> list[FieldChange]:
    rows, were = sum(now.values()), sum(known.values())
    if min(were, rows) < FEW or len(known) > MOST_VALUES:
        return []
    unseen = {v: n for v, n in now.items() if v not in known}
    share = sum(unseen.values()) / rows
    first = tuple(str(v) for v in sorted(unseen, key=lambda v: -unseen[v])[:5])
    gone = [
        v for v, n in known.items() if n / were >= GONE and v not in now and n / were * rows >= 10
    ]
    if share >= GAP or (share >= GONE and gone):
        also = (
            f", and {len(gone)} frequent value{'s' if len(gone) > 1 else ''} came no more"
            if gone
            else ""
        )
        return [
            FieldChange(
                name,
                "schema",
                f"{share:.0%} of its values were never seen before ({len(unseen)} new"
                f" values){also}: its codes changed",
                first,
            )
        ]
    away = sum(abs(known.get(v, 0) / were - now.get(v, 0) / rows) for v in {*known, *now}) / 2
    if share >= GONE:
        return [
            FieldChange(
                name,
                "distribution",
                f"{share:.0%} of its values were never seen before ({len(unseen)} new values)",
                first,
            )
        ]
    if away >= SHIFT:
        from scipy.stats import chi2_contingency

        values = [*{**known, **now}]
        if (
            chi2_contingency(
                [[known.get(v, 0) for v in values], [now.get(v, 0) for v in values]]
            ).pvalue
            < SHIFT_LEVEL
        ):
            return [
                FieldChange(
                    name,
                    "distribution",
                    f"{away:.0%} of the rows would have to have another value for its shares to be"
                    " those of the last snapshot",
                )
            ]
    return []


def find_done(
    known: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> list[FieldChange]:
    """What the monitors' tests find was done to fields: two exchanged, one value in many rows,
    values recoded among themselves.
    """
    from mesocosm.monitoring.drift.source_changes import find_changes

    live = {
        n: _resample(one) if "numbers" in one else _expand(one["counts"]) for n, one in now.items()
    }
    usable = {
        n: {k: v for k, v in one.items() if k != "missing"}
        for n, one in known.items()
        if len(live[n]) >= FEW
    }
    told = find_changes(usable, live, LEVEL) if usable else []
    return [
        FieldChange(
            c.field,
            c.kind,
            (
                c.why
                if c.detail["change"] != "recoded"
                else (
                    "its values look recoded: with their names exchanged, their shares are those of"
                    " the last snapshot"
                )
            ),
        )
        for c in told
        if c.detail["change"] in ("exchanged", "one value", "recoded")
    ]


def _expand(counts: Mapping[str, int]) -> list[str]:
    """As many values as the test should count, of a category's counts."""
    rows = sum(counts.values())
    return [v for v, n in counts.items() for _ in range(round(n * min(1.0, 2000 / max(1, rows))))]
