"""A change of a field at its source, and those of categories: values that no training row has, and
values that were exchanged.

Knows distributions. A cause is named only where, undone, the other rows look like the training
rows.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mesocosm.catalog.contents import TrainingColumn
from mesocosm.core.confidential.row_values import mark_value
from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json, JsonObject
from mesocosm.core.values.count_tests import binomial_tail
from mesocosm.monitoring.drift.detectors.chi2 import ChiSquared
from mesocosm.monitoring.drift.detectors.ks import KolmogorovSmirnov
from mesocosm.monitoring.drift.feature_tests import Training
from mesocosm.serving.requests.listed_values import is_complete
from mesocosm.serving.requests.missing import WORDS, spell

Kind = Literal["schema", "missing", "unit"]
FEW = 0.05  # the share of the rows that a change has at least
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


def p_same(known: TrainingColumn, values: Sequence[object]) -> float:
    """The p-value of live values against the training ones, by the test for their type."""
    if "numbers" in known:
        return KolmogorovSmirnov().p_value(known, values)
    return ChiSquared().p_value(known, values)


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
    p = binomial_tail(new.total(), len(values), min(1.0, usual))
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
    names = list(counts)
    before = np.array([counts[n] for n in names], dtype=np.float64)
    live = np.array([now[n] for n in names], dtype=np.float64)
    p, q = before / before.sum(), live / max(1.0, live.sum())
    if np.abs(p - q).sum() / 2 < CLEAR:
        return {}
    # on a line the nearest pairs, taken together, are those of equal rank
    pairs = zip(np.argsort(q, kind="stable"), np.argsort(p, kind="stable"), strict=True)
    return {names[int(i)]: names[int(j)] for i, j in pairs if i != j}
