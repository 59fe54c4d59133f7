"""Probes: shares of rows that differed from training when an alert opened, and how far they are off
now. Knows rows and the training distributions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.monitoring.drift.source_changes import Change
from mesocosm.serving.requests.listed_values import count_other, is_complete
from mesocosm.serving.requests.missing import spell

MOST_PROBES = 8
Row = Mapping[str, Any]


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
    at: Any
    before: float
    trained: float
    gap: float

    def hits(self, value: Any) -> bool | None:
        """Whether a value is of the share; None where it is missing and the share is of others."""
        if self.of == "missing":
            return value is None
        if value is None:
            return None
        if self.of == "below":
            return float(value) <= float(self.at)
        return (spell(value) in self.at) == (self.of == "among")

    def against(self, known: Mapping[str, Any]) -> Probe:
        """The same probe against the training rows of the deployed version."""
        if self.of == "below" and "numbers" in known:
            points = np.asarray(known["numbers"], dtype=float)
            before = float((points <= float(self.at)).mean())
            return replace(self, before=before, trained=float(known["rows"]))
        if self.of == "missing" and known.get("missing") is not None:
            return replace(self, before=float(known["missing"]))
        if self.of in ("among", "unseen") and known.get("counts"):
            return self._against_counts(known)
        return self

    def _against_counts(self, known: Mapping[str, Any]) -> Probe:
        counts, other = _read_counts(known), count_other(known)
        if other is None:
            return self
        among = self.of == "among"
        hits = sum(n for v, n in counts.items() if (v in self.at) == among)
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


def _read_counts(known: Mapping[str, Any]) -> dict[str, int]:
    return {str(k): int(v) for k, v in known.get("counts", {}).items()}


def probe_drift(name: str, known: Mapping[str, Any], rows: Sequence[Row]) -> Probe | None:
    """The probe of a field that drifted: the number, or the values, where the gap is widest; None
    where it has no values.
    """
    values = [row[name] for row in rows if row.get(name) is not None]
    if not values:
        return None
    if "numbers" in known:
        return _probe_number(name, known, values)
    counts = _read_counts(known)
    if not sum(counts.values()):
        return None
    now = [spell(v) for v in values]
    if not is_complete(known):
        return _probe_listed(name, counts, count_other(known), now)
    return _probe_category(name, counts, now)


def _probe_number(name: str, known: Mapping[str, Any], values: Sequence[Any]) -> Probe:
    """The probe of a number: the point at which both distribution functions differ most."""
    points = np.sort(np.asarray(known["numbers"], dtype=float))
    live = np.sort(np.asarray(values, dtype=float))
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
    total, live = sum(counts.values()), Counter(now)
    more = [v for v in {*counts, *now} if live[v] / len(now) > counts.get(v, 0) / total]
    before = sum(counts.get(v, 0) for v in more) / total
    share = sum(live[v] for v in more) / len(now)
    if all(v not in counts for v in more):
        return Probe(name, "unseen", sorted(counts), 0.0, float(total), share)
    return Probe(name, "among", sorted(more), before, float(total), share - before)


def _probe_listed(
    name: str, counts: Mapping[str, int], other: int | None, now: Sequence[str]
) -> Probe:
    """The probe of a category of which training lists the most frequent values only: the others are
    one value (None).
    """
    live = Counter(v if v in counts else None for v in now)
    if other is None:  # not kept: as many as now
        other = round(sum(counts.values()) * live[None] / max(1, len(now) - live[None]))
    before = Counter[str | None](counts) + Counter({None: other})
    total = before.total()
    more = {v for v in before | live if live[v] / len(now) > before[v] / total}
    usual = sum(before[v] for v in more) / total
    gap = sum(live[v] for v in more) / len(now) - usual
    if None in more:
        return Probe(name, "unseen", sorted(set(counts) - more), usual, float(total), gap)
    return Probe(name, "among", sorted(more & set(counts)), usual, float(total), gap)


def probe_missing(name: str, known: Mapping[str, Any], rows: Sequence[Row]) -> Probe:
    """The probe of a field that went missing."""
    share = sum(row.get(name) is None for row in rows) / max(1, len(rows))
    before = float(known.get("missing") or 0.0)
    counted = sum(known.get("counts", {}).values()) + int(known.get("other") or 0)
    trained = float(known.get("rows") or counted or 1)
    return Probe(name, "missing", None, before, trained, share - before)


def read_probes(
    detail: Mapping[str, Any], known: Mapping[str, Any], version: str
) -> dict[str, Any]:
    """Read the probes of an alert against the training rows of the deployed version, without those
    of fields that are not its features; `unread` where none is left.

    >>> probe = Probe("a", "missing", None, 0, 9, 1)
    >>> read_probes({"version": "v1", "probes": as_json([probe])}, {}, "v2")
    {'probes': [], 'unread': 'v2 replaced v1 and does not read a'}
    """
    probes = [Probe(**p) for p in detail.get("probes", ())]
    kept = [
        p.against(known.get(p.field, {}))
        for p in probes
        if p.field in known or detail.get("version") in (None, version)
    ]
    if kept or not probes:
        return {"probes": as_json(kept)}
    names = tuple(dict.fromkeys(p.field for p in probes))
    unread = Message(
        "monitoring.version_without_fields", new=version, old=detail["version"], fields=names
    )
    return {"probes": [], "unread": str(unread)}


def as_json(probes: Sequence[Probe]) -> list[dict[str, Any]]:
    """Probes as plain data, for an alert's detail."""
    return [asdict(p) for p in probes]


def find_probes(
    found: Sequence[Mapping[str, Any]],
    changes: Sequence[Change],
    known: Mapping[str, Any],
    meaning: Mapping[str, Any],
    seen: Sequence[Row],
) -> list[Probe]:
    """Find the shares of rows that show when a drift is over.

    Args:
        known: training distributions, by field and direction.
        meaning: those of the directions of texts and images.
        seen: the rows that drifted.
    """
    probes, moved = [], []
    for change in changes:
        if change.detail.get("change") == "missing":
            probes.append(probe_missing(change.field, known[change.field], seen))
        else:
            moved.append(change.field)
    moved = list(dict.fromkeys([*moved, *(str(f["feature"]) for f in found)]))
    probes += _probe_all([n for n in moved if n in known], known, seen)[:MOST_PROBES]
    tested_jointly = [n for n in moved if not {"numbers", "counts"} & set(known.get(n, ()))]
    if meaning and tested_jointly:  # the direction in which they moved most
        directions = _probe_all(list(meaning), known, seen)
        probes += sorted(directions, key=lambda p: -abs(p.gap))[:1]
    return probes


def _probe_all(names: Sequence[str], known: Mapping[str, Any], seen: Sequence[Row]) -> list[Probe]:
    probes = [probe_drift(name, known[name], seen) for name in names]
    return [probe for probe in probes if probe]
