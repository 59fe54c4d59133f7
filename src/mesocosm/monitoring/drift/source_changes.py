"""Changes of a field at its source: missing, constant, recoded, swapped with another, in another
unit. Knows distributions.

Every field is tested for every cause. A cause is named only where, undone, the other rows look like
the training rows.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from scipy.stats import binom

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.confidential.row_values import mark_value
from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json, JsonObject
from mesocosm.core.values.numbers import to_float
from mesocosm.monitoring.drift.detectors.chi2 import ChiSquared
from mesocosm.monitoring.drift.detectors.ks import KolmogorovSmirnov
from mesocosm.monitoring.drift.feature_tests import Columns, Training
from mesocosm.monitoring.drift.unit_change import LEAST, UnitChange, find_unit
from mesocosm.serving.requests.listed_values import is_complete
from mesocosm.serving.requests.missing import WORDS, spell

Kind = Literal["schema", "missing", "unit"]
FEW = 0.05  # the share of the rows that a change has at least
STUCK = 0.15  # the share of one value from which a number is constant
SHOWN = 5  # values that are named
# the distance of two distributions of a category from which a recoding is tested
CLEAR = 0.3
LIKE = 0.05  # the p-value over which the other rows look like the training rows


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of a field: its `kind`, its p-value `p`, how many of the live rows have it (`rows`),
    and `why`.
    """

    field: str
    kind: Kind
    p: float
    rows: int
    of: int
    why: Text
    detail: JsonObject = dataclasses.field(default_factory=dict)

    @property
    def change(self) -> str:
        """What changed, in a word or two."""
        return str(self.detail.get("change", ""))


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


def p_same(known: TrainingColumn, values: Sequence[object]) -> float:
    """The p-value of live values against the training ones, by the test for their type."""
    if "numbers" in known:
        return KolmogorovSmirnov().p_value(known, values)
    return ChiSquared().p_value(known, values)


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
    p = float(binom.sf(count - 1, rows, usual))
    if p >= level or count / rows - float(before) < FEW:
        return None
    why = Message(
        "monitoring.field_missing", field=name, missing=count, rows=rows, usual=float(before)
    )
    return Change(name, "missing", p, count, rows, why, {"change": "missing"})


@dataclasses.dataclass(frozen=True)
class _Unseen:
    """Values of a category that no training row has, the p-value of so many, and their least share
    that is a change.
    """

    values: Counter[str]
    rows: int
    p: float
    least: float

    @property
    def count(self) -> int:
        return self.values.total()

    @property
    def is_change(self) -> bool:
        """Whether they are so many that a source changed, chance aside."""
        return self.count > 0 and self.count / self.rows >= self.least

    @property
    def named(self) -> Message:
        """The most frequent of them, with their counts."""
        shown = tuple(f"{_quote(v)} ({n})" for v, n in self.values.most_common(SHOWN))
        if len(self.values) > SHOWN:
            others = len(self.values) - SHOWN
            return Message("monitoring.values_and_others", values=shown, others=others)
        return Message("monitoring.values", values=shown)

    def count_missing(self) -> int:
        """How many are words for a missing value."""
        return sum(n for v, n in self.values.items() if v.strip().lower() in WORDS)

    def as_change(self, name: str, kind: Kind, why: Text, **detail: str) -> Change:
        listed: dict[str, Json] = {"change": "unseen", "unseen": dict(self.values.most_common(20))}
        return Change(name, kind, self.p, self.count, self.rows, why, listed | detail)


def _quote(value: str) -> str:
    return f"'{mark_value(value[:40])}'"


def find_unseen(
    name: str, training: Training, values: Sequence[object], level: float
) -> Change | None:
    """Test whether a category has values that no training row has, more often than by chance."""
    if not values or not is_complete(training[name]):
        return None
    unseen = _count_unseen(training[name], values)
    if not unseen.is_change or unseen.p >= level:
        return None
    return _describe_unseen(name, training, values, unseen)


def _describe_unseen(
    name: str, training: Training, values: Sequence[object], unseen: _Unseen
) -> Change:
    """Unseen values as words for a missing one, as another field's values, or as new ones."""
    where = Message("monitoring.in_rows", seen=unseen.count, rows=unseen.rows)
    if unseen.count_missing() > 0.9 * unseen.count:
        why = Message("monitoring.missing_words", field=name, values=unseen.named, where=where)
        return unseen.as_change(name, "missing", why)
    why = Message("monitoring.unseen_values", field=name, where=where, values=unseen.named)
    other = _find_owner(name, training, unseen.values)
    if other:
        why = Message("monitoring.values_of_other", why=why, other=other)
        return unseen.as_change(name, "schema", why, of=other)
    absent = _find_absent(training[name], values)
    if absent:
        why = Message("monitoring.values_absent", why=why, absent=tuple(absent))
    return unseen.as_change(name, "schema", why)


def _count_unseen(known: TrainingColumn, values: Sequence[object]) -> _Unseen:
    counts = {str(k): int(v) for k, v in known["counts"].items()}
    new = Counter(value for value in map(spell, values) if value not in counts)
    # Good 1953: what was seen once tells how much was not seen
    usual = (sum(v == 1 for v in counts.values()) + 1) / (sum(counts.values()) + 2)
    p = float(binom.sf(new.total() - 1, len(values), min(1.0, usual)))
    return _Unseen(new, len(values), p, max(FEW, 2 * usual))


def _find_absent(known: TrainingColumn, values: Sequence[object]) -> list[str]:
    """Frequent training values that no longer occur, the most frequent first."""
    counts = {str(k): int(v) for k, v in known["counts"].items()}
    live, trained = set(map(spell, values)), sum(counts.values())
    frequent = [v for v, n in counts.items() if n / trained >= FEW and v not in live]
    return [_quote(v) for v in sorted(frequent, key=lambda v: -counts[v])[:SHOWN]]


def _find_owner(name: str, training: Training, values: Mapping[str, int]) -> str | None:
    """Another field of which all these are training values."""
    for other, known in training.items():
        if other != name and values.keys() <= known.get("counts", {}).keys():
            return other
    return None


def find_recoded(name: str, known: TrainingColumn, values: Sequence[object]) -> Change | None:
    """Test whether the values of a category were exchanged: with their names permuted, the live
    shares are those of the training rows.
    """
    counts = {str(k): int(v) for k, v in known["counts"].items()}
    if not 2 <= len(counts) <= 30:
        return None
    spelt = [spell(v) for v in values]
    now = Counter(spelt)
    meant = _match_shares(counts, now)
    if not meant or p_same(known, [meant.get(v, v) for v in spelt]) < LIKE:
        return None
    recoded = {a: b for a, b in meant.items() if now[a]}
    rows = sum(now[a] for a in recoded)
    why = Message("monitoring.recoded", field=name, pairs=_describe_recoding(recoded))
    detail: JsonObject = {"change": "recoded", "meant": recoded}
    return Change(name, "schema", p_same(known, values), rows, len(values), why, detail)


def _describe_recoding(recoded: Mapping[str, str]) -> tuple[Message, ...]:
    pairs = list(recoded.items())[:SHOWN]
    return tuple(
        Message("monitoring.recoded_value", value=_quote(a), before=_quote(b)) for a, b in pairs
    )


def _match_shares(counts: Mapping[str, int], now: Counter[str]) -> dict[str, str]:
    """The exchange of values under which live shares are nearest to training ones, of those that
    are exchanged; empty where the shares differ little.
    """
    from scipy.optimize import linear_sum_assignment

    names = list(counts)
    before = np.array([counts[n] for n in names], dtype=np.float64)
    live = np.array([now[n] for n in names], dtype=np.float64)
    p, q = before / before.sum(), live / max(1.0, live.sum())
    if np.abs(p - q).sum() / 2 < CLEAR:
        return {}
    rows, columns = linear_sum_assignment(np.abs(q[:, None] - p[None, :]))
    return {names[int(i)]: names[int(j)] for i, j in zip(rows, columns, strict=True) if i != j}


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
    p = float(binom.sf(count - 1, len(values), min(1.0, usual)))
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
