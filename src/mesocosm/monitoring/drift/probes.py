"""Probes: shares of rows that differed from training when an alert opened, and how far they are off
now. Knows rows and the training distributions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypedDict, cast

import numpy as np

from mesocosm.catalog.contents import AlertDetail, DriftedFeature, ProbeData, TrainingColumn
from mesocosm.core.messages import Message
from mesocosm.core.values.numbers import to_float
from mesocosm.monitoring.drift.category_changes import Change
from mesocosm.monitoring.drift.feature_tests import Training
from mesocosm.serving.requests.listed_values import count_other, is_complete
from mesocosm.serving.requests.missing import spell

MOST_PROBES = 8
Row = Mapping[str, object]


class ReadProbes(TypedDict, total=False):
    """The probes of an alert, and why it has none to read any more."""

    probes: list[ProbeData]
    unread: str


@dataclass(frozen=True)
class Probe:
    """A share of rows that differs from training.

    Args:
        field: whose values are tested.
        of: rows whose value is `below` a number (or equal to it), `among` some values, not among
            them (`unseen`), or `missing`.
        at: the number or the values.
        before: the share among the training rows.
        trained: how many of those there were.
        gap: how much greater the share was when the alert opened; negative where it was smaller.
    """

    field: str
    of: Literal["below", "among", "unseen", "missing"]
    at: float | list[str] | None
    before: float
    trained: float
    gap: float

    def hits(self, value: object) -> bool | None:
        """Whether a value is of the share; None where it is missing and the share is of others."""
        if self.of == "missing":
            return value is None
        if value is None:
            return None
        if self.of == "below":
            return to_float(value) <= self.limit
        return (spell(value) in self.values) == (self.of == "among")

    @property
    def limit(self) -> float:
        """The number that values are `below`."""
        return to_float(self.at)

    @property
    def values(self) -> Sequence[str]:
        """The values that others are `among`, or not."""
        return self.at if isinstance(self.at, Sequence) else ()

    def against(self, known: TrainingColumn) -> Probe:
        """The same probe against the training rows of the deployed version."""
        if self.of == "below":
            return self._against_numbers(known)
        if self.of == "missing":
            return self._against_share(known.get("missing"))
        return self._against_counts(known)

    def _against_numbers(self, known: TrainingColumn) -> Probe:
        if "numbers" not in known:
            return self
        points = np.asarray(known["numbers"], dtype=np.float64)
        before = float((points <= self.limit).mean())
        return replace(self, before=before, trained=float(known["rows"]))

    def _against_share(self, missing: float | None) -> Probe:
        if missing is None:
            return self
        return replace(self, before=float(missing))

    def _against_counts(self, known: TrainingColumn) -> Probe:
        if not known.get("counts"):
            return self
        counts, other = _read_counts(known), count_other(known)
        if other is None:
            return self
        among = self.of == "among"
        hits = sum(n for v, n in counts.items() if (v in self.values) == among)
        if not among:
            hits += other
        total = sum(counts.values()) + other
        return replace(self, before=hits / max(1, total), trained=float(total))

    def measure(self, rows: Sequence[Row]) -> tuple[float, float, int]:
        """The gap now, its standard error, and in how many rows."""
        hits = [h for row in rows if (h := self.hits(row.get(self.field))) is not None]
        if not hits:
            return self.gap, math.inf, 0
        share = sum(hits) / len(hits)
        smooth = (sum(hits) + 1) / (len(hits) + 2)
        error = math.sqrt(
            smooth * (1 - smooth) / len(hits)
            + self.before * (1 - self.before) / max(1.0, self.trained)
        )
        return share - self.before, error, len(hits)


def _read_counts(known: TrainingColumn) -> dict[str, int]:
    return {str(k): int(v) for k, v in known.get("counts", {}).items()}


def probe_drift(name: str, known: TrainingColumn, rows: Sequence[Row]) -> Probe | None:
    """The probe of a field that drifted: the number, or the values, where the gap is widest; None
    where it has no values.
    """
    values = [value for row in rows if (value := row.get(name)) is not None]
    if not values:
        return None
    if "numbers" in known:
        return _probe_number(name, known, values)
    return _probe_values(name, known, values)


def _probe_values(name: str, known: TrainingColumn, values: Sequence[object]) -> Probe | None:
    """The probe of a category; None where training counted none of its values."""
    counts = _read_counts(known)
    if not sum(counts.values()):
        return None
    now = [spell(v) for v in values]
    if not is_complete(known):
        return _probe_listed(name, counts, count_other(known), now)
    return _probe_category(name, counts, now)


def _probe_number(name: str, known: TrainingColumn, values: Sequence[object]) -> Probe:
    """The probe of a number: the point at which both distribution functions differ most."""
    points = np.sort(np.asarray(known["numbers"], dtype=np.float64))
    live = np.sort(np.asarray(values, dtype=np.float64))
    at = np.unique(np.concatenate([points, live]))
    ours = np.searchsorted(points, at, side="right") / len(points)
    theirs = np.searchsorted(live, at, side="right") / len(live)
    k = int(np.abs(theirs - ours).argmax())
    before, gap = float(ours[k]), float(theirs[k] - ours[k])
    return Probe(name, "below", float(at[k]), before, float(known["rows"]), gap)


def _probe_category(name: str, counts: Mapping[str, int], now: Sequence[str]) -> Probe:
    """The probe of a category of which training lists all values: those that became more
    frequent.
    """
    usual, live = Counter[str](counts), Counter(now)
    total = usual.total()
    more = [v for v in {*counts, *now} if live[v] / len(now) > usual[v] / total]
    before = sum(usual[v] for v in more) / total
    share = sum(live[v] for v in more) / len(now)
    if not counts.keys() & set(more):
        return Probe(name, "unseen", sorted(counts), 0.0, float(total), share)
    return Probe(name, "among", sorted(more), before, float(total), share - before)


def _probe_listed(
    name: str, counts: Mapping[str, int], other: int | None, now: Sequence[str]
) -> Probe:
    """The probe of a category of which training lists the most frequent values only: the others are
    one value (None).
    """
    live = _count_listed(now, counts)
    if other is None:  # not kept: as many as now
        other = round(sum(counts.values()) * live[None] / max(1, len(now) - live[None]))
    before = Counter[str | None](counts) + Counter({None: other})
    total = before.total()
    more = {v for v in before | live if live[v] / len(now) > before[v] / total}
    usual = sum(before[v] for v in more) / total
    gap = sum(live[v] for v in more) / len(now) - usual
    if None in more:
        return Probe(name, "unseen", sorted(set(counts) - more), usual, float(total), gap)
    listed = sorted(counts.keys() & more)
    return Probe(name, "among", listed, usual, float(total), gap)


def _count_listed(now: Sequence[str], listed: Mapping[str, int]) -> Counter[str | None]:
    """How often each listed value comes, and under None how often another one."""
    counts: Counter[str | None] = Counter()
    for value in now:
        if value in listed:
            counts[value] += 1
        else:
            counts[None] += 1
    return counts


def probe_missing(name: str, known: TrainingColumn, rows: Sequence[Row]) -> Probe:
    """The probe of a field that went missing."""
    share = sum(row.get(name) is None for row in rows) / max(1, len(rows))
    before = float(known.get("missing") or 0.0)
    counted = sum(known.get("counts", {}).values()) + int(known.get("other") or 0)
    trained = float(known.get("rows") or counted or 1)
    return Probe(name, "missing", None, before, trained, share - before)


def load_probes(detail: AlertDetail) -> list[Probe]:
    """The probes that an alert keeps."""
    return [Probe(**probe) for probe in detail.get("probes", ())]


def read_probes(detail: AlertDetail, known: Training, version: str) -> ReadProbes:
    """Read the probes of an alert against the training rows of the deployed version, without those
    of fields that are not its features; `unread` where none is left.

    >>> probe = Probe("a", "missing", None, 0, 9, 1)
    >>> read_probes({"version": "v1", "probes": as_json([probe])}, {}, "v2")
    {'probes': [], 'unread': 'v2 replaced v1 and does not read a'}
    """
    probes = load_probes(detail)
    kept = probes
    if detail.get("version") not in (None, version):
        kept = [p for p in probes if p.field in known]
    if kept or not probes:
        return {"probes": as_json([p.against(known.get(p.field, {})) for p in kept])}
    names = tuple(dict.fromkeys(p.field for p in probes))
    unread = Message(
        "monitoring.version_without_fields", new=version, old=detail["version"], fields=names
    )
    return {"probes": [], "unread": str(unread)}


def as_json(probes: Sequence[Probe]) -> list[ProbeData]:
    """Probes as plain data, for an alert's detail."""
    return [cast(ProbeData, asdict(p)) for p in probes]


def find_probes(
    found: Sequence[DriftedFeature],
    changes: Sequence[Change],
    known: Training,
    meaning: Training,
    seen: Sequence[Row],
) -> list[Probe]:
    """Find the shares of rows that show when a drift is over.

    Args:
        known: training distributions, by field and direction.
        meaning: those of the directions of texts and images.
        seen: the rows that drifted.
    """
    missing = [c.field for c in changes if c.change == "missing"]
    probes = [probe_missing(name, known[name], seen) for name in missing]
    moved = _list_moved(found, changes)
    probes += _probe_all(moved, known, seen)[:MOST_PROBES]
    if meaning and not all(_is_tested(known.get(name, {})) for name in moved):
        probes += _probe_widest(meaning, known, seen)
    return probes


def _list_moved(found: Sequence[DriftedFeature], changes: Sequence[Change]) -> list[str]:
    """The fields whose values moved: those that changed at their source first, each once."""
    changed = [c.field for c in changes if c.change != "missing"]
    return list(dict.fromkeys([*changed, *(str(f["feature"]) for f in found)]))


def _is_tested(known: TrainingColumn) -> bool:
    """Whether a field is tested by itself: it has numbers or counts."""
    return "numbers" in known or "counts" in known


def _probe_widest(names: Iterable[str], known: Training, seen: Sequence[Row]) -> list[Probe]:
    """The probe of the direction in which texts and images moved most."""
    directions = _probe_all(names, known, seen)
    return sorted(directions, key=lambda p: -abs(p.gap))[:1]


def _probe_all(names: Iterable[str], known: Training, seen: Sequence[Row]) -> list[Probe]:
    probes = [probe_drift(name, known[name], seen) for name in names if name in known]
    return [probe for probe in probes if probe]
