"""What was done to a field at its source: missing, stuck, recoded, swapped with another, in another
unit. Knows distributions.

Every field is tested for every cause. A cause is named only where, undone, the rest looks like the
training rows.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from scipy.stats import binom

from mesocosm.core.confidential.row_values import mark_value
from mesocosm.monitoring.drift.detectors.chi2 import ChiSquared
from mesocosm.monitoring.drift.detectors.ks import KolmogorovSmirnov
from mesocosm.monitoring.drift.unit_change import LEAST, find_unit
from mesocosm.serving.requests.listed_values import is_complete
from mesocosm.serving.requests.missing import WORDS, spell

Kind = Literal["schema", "missing", "unit"]
FEW = 0.05  # the share of the rows that a change has at least
STUCK = 0.15  # as much of one value
SHOWN = 5  # values that are named
# the distance of two distributions of a category from which a recoding within its values is looked
# for
CLEAR = 0.3
LIKE = 0.05  # the p-value over which what is left looks like the training rows


@dataclasses.dataclass(frozen=True)
class Change:
    """One thing that was done to a field: its `kind`, how unlikely it is by chance (`p`), how many
    `rows` of the live ones have it, and `why`.
    """

    field: str
    kind: Kind
    p: float
    rows: int
    of: int
    why: str
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)


def find_changes(
    training: Mapping[str, Mapping[str, Any]],
    live: Mapping[str, Sequence[Any]],
    level: float,
    units: Mapping[str, str | None] | None = None,
    sent: Mapping[str, Sequence[Any]] | None = None,
) -> list[Change]:
    """What was done to fields, the surest first; `schema` and `missing` before `unit`.

    Args:
        training: per field quantiles (`numbers`, `rows`) or `counts`, and the share that was
            `missing` where it is known.
        live: values by field, None for what is missing.
        level: false alarms accepted over all fields (Bonferroni).
        units: what numbers are measured in, by field.
        sent: numbers as they came, of fields that a recipe clips: a value that stands for nothing
            and a unit are looked for in them.
    """
    each = level / max(1, 4 * len(training))
    found: list[Change] = []
    moved = [n for n in training if _has_moved(training[n], live.get(n, ()), each)]
    for name, known in training.items():
        values = live.get(name, ())
        if len(values) < LEAST:
            continue
        there = [v for v in values if v is not None]
        one = find_missing(name, known, values, each)
        if one is None and "counts" in known:
            one = find_unseen(name, training, there, each) or (
                find_recoded(name, known, there) if name in moved else None
            )
        elif one is None and "numbers" in known and name in moved:
            came = [v for v in (sent or {}).get(name, there) if v is not None]
            one = (
                _find_constant(name, known, came, each)
                or _find_swapped(name, moved, training, live)
                or _find_unit_change(name, known, came, (units or {}).get(name))
            )
        if one:
            found.append(one)
    return sorted(found, key=lambda c: (c.kind == "unit", c.p))


def _has_moved(known: Mapping[str, Any], values: Sequence[Any], level: float) -> bool:
    there = [v for v in values if v is not None]
    if len(there) < LEAST or not {"numbers", "counts"} & set(known):
        return False
    return p_same(known, there) < level


def p_same(known: Mapping[str, Any], values: Sequence[Any]) -> float:
    """The p-value of live values beside the training ones, by the test for their type."""
    return (
        KolmogorovSmirnov().p_value(known, values)
        if "numbers" in known
        else ChiSquared().p_value(known, values)
    )


def find_missing(
    name: str, known: Mapping[str, Any], values: Sequence[Any], level: float
) -> Change | None:
    """Whether a field is missing more often than in the training rows; nothing where it is not
    known how often that was.
    """
    before = known.get("missing")
    if before is None:
        return None
    count, rows = sum(v is None for v in values), len(values)
    usual = min(1.0, float(before) + 0.01)
    p = float(binom.sf(count - 1, rows, usual))
    if p >= level or count / rows - float(before) < FEW:
        return None
    why = (
        f"{name} is missing in {count} of {rows} rows, where {float(before):.1%} of the training"
        " rows lack it"
    )
    return Change(name, "missing", p, count, rows, why, {"change": "missing"})


def find_unseen(
    name: str, training: Mapping[str, Mapping[str, Any]], values: Sequence[Any], level: float
) -> Change | None:
    """Whether a category has values that no training row has, more often than chance brings."""
    counts = {str(k): int(v) for k, v in training[name]["counts"].items()}
    if not values or not is_complete(training[name]):
        return None
    unseen = Counter(s for v in values if (s := spell(v)) not in counts)
    count, rows, trained = sum(unseen.values()), len(values), sum(counts.values())
    usual = (sum(v == 1 for v in counts.values()) + 1) / (
        trained + 2
    )  # Good 1953: what was seen once tells how much was not seen
    p = float(binom.sf(count - 1, rows, min(1.0, usual)))
    if not count or p >= level or count / rows < max(FEW, 2 * usual):
        return None
    named = ", ".join(f"'{mark_value(v[:40])}' ({n})" for v, n in unseen.most_common(SHOWN))
    more = f" and {len(unseen) - SHOWN} others" if len(unseen) > SHOWN else ""
    words = sum(n for v, n in unseen.items() if v.strip().lower() in WORDS)
    if words > 0.9 * count:
        why = (
            f"{name} is {named}{more} in {count} of {rows} rows: words for a missing value, which"
            " no training row has"
        )
        return Change(
            name,
            "missing",
            p,
            count,
            rows,
            why,
            {"change": "unseen", "unseen": dict(unseen.most_common(20))},
        )
    other = next(
        (
            n
            for n, k in training.items()
            if n != name and "counts" in k and all(v in k["counts"] for v in unseen)
        ),
        None,
    )
    gone = [
        f"'{mark_value(v[:40])}'"
        for v, n in sorted(counts.items(), key=lambda e: -e[1])
        if n / trained >= FEW and v not in {spell(x) for x in values}
    ]
    why = f"{name} has values that no training row has, in {count} of {rows} rows: {named}{more}"
    why += (
        f"; they are values of {other}"
        if other
        else f"; {', '.join(gone[:SHOWN])} came no more"
        if gone
        else ""
    )
    return Change(
        name,
        "schema",
        p,
        count,
        rows,
        why,
        {
            "change": "unseen",
            "unseen": dict(unseen.most_common(20)),
            **({"of": other} if other else {}),
        },
    )


def find_recoded(name: str, known: Mapping[str, Any], values: Sequence[Any]) -> Change | None:
    """Whether the values of a category stand for each other: with their names exchanged, the live
    shares are those of the training rows.
    """
    from scipy.optimize import linear_sum_assignment

    counts = {str(k): int(v) for k, v in known["counts"].items()}
    if not 2 <= len(counts) <= 30:
        return None
    names, now = list(counts), Counter(spell(v) for v in values)
    before, live = (np.array([c[n] for n in names], dtype=float) for c in (counts, now))
    p, q = before / before.sum(), live / max(1.0, live.sum())
    if np.abs(p - q).sum() / 2 < CLEAR:
        return None
    rows, columns = linear_sum_assignment(np.abs(q[:, None] - p[None, :]))
    meant = {names[i]: names[j] for i, j in zip(rows, columns, strict=True)}
    if (
        all(a == b for a, b in meant.items())
        or p_same(known, [meant.get(spell(v), spell(v)) for v in values]) < LIKE
    ):
        return None
    swapped = {a: b for a, b in meant.items() if a != b and now[a]}
    named = ", ".join(
        f"'{mark_value(a[:40])}' comes as often as '{mark_value(b[:40])}' did"
        for a, b in list(swapped.items())[:SHOWN]
    )
    why = f"the values of {name} look recoded: {named}"
    return Change(
        name,
        "schema",
        p_same(known, values),
        sum(now[a] for a in swapped),
        len(values),
        why,
        {"change": "recoded", "meant": swapped},
    )


def _find_constant(
    name: str, known: Mapping[str, Any], values: Sequence[Any], level: float
) -> Change | None:
    """Whether a number is one value in far more rows than before, and as before in the others: a
    default, or a mark for nothing.
    """
    if not values:
        return None
    value, count = Counter(values).most_common(1)[0]
    points = np.asarray(known["numbers"], dtype=float)
    usual = float((points == float(value)).mean()) + 1 / len(points)
    low, high = known.get("clip") or (-np.inf, np.inf)
    rest = [min(max(v, low), high) for v in values if v != value]
    p = float(binom.sf(count - 1, len(values), min(1.0, usual)))
    if p >= level or count / len(values) - usual < STUCK:
        return None
    others = points[points != float(value)]
    if (
        len(rest) >= LEAST
        and len(others)
        and p_same({"numbers": others.tolist(), "rows": known["rows"]}, rest) < LIKE
    ):
        return None
    why = (
        f"{name} is {mark_value(f'{float(value):.6g}')} in {count} of {len(values)} rows, where"
        f" about {usual:.1%} of the training rows have it; the others look as before"
    )
    return Change(
        name, "missing", p, count, len(values), why, {"change": "one value", "value": float(value)}
    )


def _find_swapped(
    name: str,
    moved: Sequence[str],
    training: Mapping[str, Mapping[str, Any]],
    live: Mapping[str, Sequence[Any]],
) -> Change | None:
    """Whether two numbers came in each other's place."""
    values = [v for v in live[name] if v is not None]
    for other in moved:
        theirs = [v for v in live.get(other, ()) if v is not None]
        if other == name or "numbers" not in training[other] or len(theirs) < LEAST:
            continue
        if min(p_same(training[other], values), p_same(training[name], theirs)) > 0.01:
            why = f"{name} looks like {other} did, and {other} like {name}: the two were exchanged"
            return Change(
                name,
                "schema",
                p_same(training[name], values),
                len(values),
                len(values),
                why,
                {"change": "exchanged", "of": other},
            )
    return None


def _find_unit_change(
    name: str, known: Mapping[str, Any], values: Sequence[Any], unit: str | None
) -> Change | None:
    found = find_unit(known, [float(v) for v in values], unit)
    if found is None:
        return None
    part = "" if found.share >= 1 else f" in about {found.share:.0%} of the rows"
    did = f"{found.times:.4g} times what it was" + (
        f" {'plus' if found.plus > 0 else 'less'} {abs(found.plus):.4g}" if found.plus else ""
    )
    why = (
        f"{name} is {did}{part} and otherwise the same"
        f" ({found.named or 'a factor of no unit that is known'})"
    )
    detail = {
        "change": "unit",
        "factor": round(found.times, 6),
        "plus": round(found.plus, 4),
        "share": found.share,
        "named": found.named,
        "fit": found.fit,
    }
    return Change(
        name,
        "unit",
        p_same(known, values),
        round(found.share * len(values)),
        len(values),
        why,
        detail,
    )
