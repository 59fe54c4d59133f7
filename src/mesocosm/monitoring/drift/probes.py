"""Probes: shares of rows that were not what they were when an alert opened, and how far they are
now. Knows rows and what training knew of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from mesocosm.monitoring.drift.source_changes import Change
from mesocosm.serving.requests.listed_values import count_other, is_complete
from mesocosm.serving.requests.missing import spell

MOST_PROBES = 8
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Probe:
    """A share of rows that was not what it was.

    Args:
        field: whose values are looked at.
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
        """Whether a value is of the share; None where it says nothing."""
        if self.of == "missing":
            return value is None
        if value is None:
            return None
        if self.of == "below":
            return float(value) <= float(self.at)
        return (spell(value) in self.at) == (self.of == "among")

    def against(self, known: Mapping[str, Any]) -> Probe:
        """The same probe beside the training rows of the version that serves now."""
        if self.of == "below" and "numbers" in known:
            points = np.asarray(known["numbers"], dtype=float)
            return replace(
                self, before=float((points <= float(self.at)).mean()), trained=float(known["rows"])
            )
        if self.of == "missing" and known.get("missing") is not None:
            return replace(self, before=float(known["missing"]))
        if self.of in ("among", "unseen") and known.get("counts"):
            counts, other = {str(k): int(v) for k, v in known["counts"].items()}, count_other(known)
            if other is None:
                return self
            total = sum(counts.values()) + other
            hits = sum(n for v, n in counts.items() if (v in self.at) == (self.of == "among")) + (
                other if self.of == "unseen" else 0
            )
            return replace(self, before=hits / max(1, total), trained=float(total))
        return self

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


def probe_drift(name: str, known: Mapping[str, Any], rows: Sequence[Row]) -> Probe | None:
    """The probe of a field whose distribution moved: the number, or the values, where the gap is
    widest.
    """
    values = [row[name] for row in rows if row.get(name) is not None]
    if not values:
        return None
    if "numbers" in known:
        points, live = (
            np.sort(np.asarray(known["numbers"], dtype=float)),
            np.sort(np.asarray(values, dtype=float)),
        )
        at = np.unique(np.concatenate([points, live]))
        ours, theirs = (np.searchsorted(x, at, side="right") / len(x) for x in (points, live))
        k = int(np.abs(theirs - ours).argmax())
        return Probe(
            name,
            "below",
            float(at[k]),
            float(ours[k]),
            float(known["rows"]),
            float(theirs[k] - ours[k]),
        )
    counts = {str(k): int(v) for k, v in known.get("counts", {}).items()}
    total = sum(counts.values())
    if not total:
        return None
    now = [spell(v) for v in values]
    if not is_complete(known):
        return _probe_listed(name, counts, count_other(known), now)
    more = [v for v in {*counts, *now} if now.count(v) / len(now) > counts.get(v, 0) / total]
    before, share = (
        sum(counts.get(v, 0) for v in more) / total,
        sum(v in more for v in now) / len(now),
    )
    if all(v not in counts for v in more):
        return Probe(name, "unseen", sorted(counts), 0.0, float(total), share)
    return Probe(name, "among", sorted(more), before, float(total), share - before)


def _probe_listed(
    name: str, counts: Mapping[str, int], other: int | None, now: Sequence[str]
) -> Probe:
    """The probe of a category of which training lists the most frequent values only: the others are
    one value.
    """
    live = Counter(v if v in counts else None for v in now)
    if other is None:  # not kept: as many as now
        other = round(sum(counts.values()) * live[None] / max(1, len(now) - live[None]))
    before = Counter[str | None](counts) + Counter({None: other})
    total = before.total()
    more = {v for v in before | live if live[v] / len(now) > before[v] / total}
    usual, share = sum(before[v] for v in more) / total, sum(live[v] for v in more) / len(now)
    if None in more:
        return Probe(
            name,
            "unseen",
            sorted(v for v in counts if v not in more),
            usual,
            float(total),
            share - usual,
        )
    return Probe(
        name, "among", sorted(v for v in more if v is not None), usual, float(total), share - usual
    )


def probe_missing(name: str, known: Mapping[str, Any], rows: Sequence[Row]) -> Probe:
    """The probe of a field that went missing."""
    share = sum(row.get(name) is None for row in rows) / max(1, len(rows))
    before = float(known.get("missing") or 0.0)
    return Probe(
        name,
        "missing",
        None,
        before,
        float(
            known.get("rows")
            or sum(known.get("counts", {}).values()) + int(known.get("other") or 0)
            or 1
        ),
        share - before,
    )


def read_probes(
    detail: Mapping[str, Any], known: Mapping[str, Any], version: str
) -> dict[str, Any]:
    """The probes of an alert beside the training rows of the version that serves, without those of
    fields that it does not read; `unread` where none is left.

    >>> read_probes({"version": "v1", "probes": [{"field": "a", "of": "missing", "at": None, "before": 0, "trained": 9, "gap": 1}]}, {}, "v2")
    {'probes': [], 'unread': 'v2 serves in place of v1 and does not read a'}
    """
    probes = [Probe(**p) for p in detail.get("probes", ())]
    kept = [
        p.against(known.get(p.field, {}))
        for p in probes
        if p.field in known or detail.get("version") in (None, version)
    ]
    if kept or not probes:
        return {"probes": as_json(kept)}
    return {
        "probes": [],
        "unread": (
            f"{version} serves in place of {detail['version']} and does not read"
            f" {', '.join(dict.fromkeys(p.field for p in probes))}"
        ),
    }


def as_json(probes: Sequence[Probe]) -> list[dict[str, Any]]:
    """Probes as an alert keeps them."""
    return [asdict(p) for p in probes]


def find_probes(
    found: Sequence[Mapping[str, Any]],
    changes: Sequence[Change],
    known: Mapping[str, Any],
    meaning: Mapping[str, Any],
    seen: Sequence[Row],
) -> list[Probe]:
    """The shares of rows that tell when a drift is over.

    Args:
        known: of the training rows, by field.
        meaning: of the directions of texts and images among those.
        seen: the rows that drifted.
    """
    names = dict.fromkeys(
        [
            *(c.field for c in changes if c.detail.get("change") != "missing"),
            *(str(f["feature"]) for f in found),
        ]
    )
    probes = [
        probe_missing(c.field, known[c.field], seen)
        for c in changes
        if c.detail.get("change") == "missing"
    ]
    probes += [p for n in names if n in known and (p := probe_drift(n, known[n], seen))][
        :MOST_PROBES
    ]
    if meaning and any(
        n not in known or not {"numbers", "counts"} & set(known[n]) for n in names
    ):  # texts tested as a whole: the direction in which they moved most
        probes += sorted(
            (p for n in meaning if (p := probe_drift(n, known[n], seen))), key=lambda p: -abs(p.gap)
        )[:1]
    return probes
