"""When an alert closes: on positive evidence of the kind that opened it. Knows shares of rows;
touches nothing.

An alert keeps what it saw as probes: shares of rows that are not what they were. It closes when as
many rows as it was found in, or more, show each share to be that of the training rows: its upper
bound (99 %, one-sided) lies under half of the gap and under a fixed bound.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from mesocosm.operate.answers import Labelled
from mesocosm.operate.drift.changes import Change
from mesocosm.operate.drift.listed import count_other, is_complete
from mesocosm.operate.missing import spell

Z = 2.326  # standard errors of a one-sided bound of 99 %
BOUND = 0.5  # of the gap that was found: what is under it is equivalent to the training rows
WIDEST, WIDEST_OF_LABELS = (
    0.25,
    0.1,
)  # and under these, so that a fault that became smaller stays open
MOST_PROBES = 8
LEFT = 0.05  # a gap over this that is proven (99 %) keeps an alert open
MOST_REVIEWED = 5000  # requests that a look at an open alert reads
MOST_NEEDED = MOST_REVIEWED // 2  # rows that may be needed to close one
FEWEST = 20  # rows that have a value of the field
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


@dataclass(frozen=True)
class Evidence:
    """What there is for or against an open alert.

    Args:
        rows: requests since it was last seen, of the version that serves.
        labelled: answers whose label came back since it was raised.
        refused: of how many rows how many were refused since it was raised.
        version: what serves.
    """

    rows: Sequence[Row] = ()
    labelled: Labelled = Labelled()
    refused: tuple[int, int] = (0, 0)
    version: str = ""


@dataclass(frozen=True)
class AlertState:
    """Whether an alert stays open, and why; `seen` where what it is about is there still."""

    open: bool
    why: str
    seen: bool = False


def next_state(detail: Mapping[str, Any], evidence: Evidence) -> AlertState:
    """What becomes of an open alert.

    Args:
        detail: the alert's, with what opened it: `by` (inputs, labels, refusals), in how many
            `rows`, its `probes` or its `gap`.
    """
    by = detail.get("by", "inputs")
    if by == "labels":
        if detail.get("version") and evidence.version and evidence.version != detail["version"]:
            return AlertState(False, f"{evidence.version} serves in place of {detail['version']}")
        return _by_labels(detail, evidence.labelled)
    if by == "refusals":
        return _by_refusals(detail, *evidence.refused)
    return _by_inputs(detail, evidence.rows)


def _by_inputs(detail: Mapping[str, Any], rows: Sequence[Row]) -> AlertState:
    probes, needed = [Probe(**p) for p in detail.get("probes", ())], rows_needed(detail)
    if not probes and detail.get("unread"):
        return AlertState(False, str(detail["unread"]))
    if not probes:
        return AlertState(True, "what opened it was not kept; a person closes it with a reason")
    if not rows:
        return AlertState(True, "no rows came since")
    seen, why, least = False, "", math.inf
    for probe in probes:
        limit = min(BOUND * abs(probe.gap), WIDEST)
        gap, error, count = probe.measure(rows)
        toward = gap if probe.gap > 0 else -gap
        least = min(least, count)
        proven = toward - Z * error > 0
        seen = seen or proven and toward > limit
        if abs(gap) + Z * error > limit or proven and toward > LEFT:
            why = (
                why
                or f"{probe.field} is {toward:+.3f} from the training rows (99 % bound {abs(gap) + Z * error:.3f}), where {limit:.3f} would do"
            )
    if len(rows) < needed or least < FEWEST:
        return AlertState(
            True,
            f"{least if len(rows) >= needed else len(rows):.0f} of {needed} rows came since it was"
            " last seen",
            seen,
        )
    if why:
        return AlertState(True, why, seen)
    names = ", ".join(dict.fromkeys(p.field for p in probes))
    return AlertState(
        False,
        f"{least:.0f} rows show {names} as in the training rows (within half of the gap that was"
        f" found and within {WIDEST:.0%} of the rows, 99 % bound)",
    )


def review_inputs(
    detail: Mapping[str, Any], rows: Sequence[Row], newest: int, version: str = ""
) -> AlertState:
    """What becomes of an open alert of inputs by all rows sent since it was last seen, or by the
    newest of them alone, among which none from before its end need be.

    Args:
        rows: those of the part that the alert is of, the newest first.
        newest: how many of them are as many as it was found in.
    """
    told = next_state(detail, Evidence(rows=rows, version=version))
    if told.open and len(rows) > newest > 0:
        alone = next_state(detail, Evidence(rows=rows[:newest], version=version))
        return alone if not alone.open else told
    return told


def of_part(detail: Mapping[str, Any], logged: Sequence[Row]) -> list[Row]:
    """The logged requests of the part that an alert is of, by what they were cleaned to; all where
    it is of no part.
    """
    part = detail.get("where")
    return [
        row
        for row in logged
        if not part or row["input"]["clean"].get(part["field"]) == part["value"]
    ]


def rows_needed(detail: Mapping[str, Any]) -> int:
    """How many rows, of the part that an alert of inputs is of, can show that it is over."""
    part = detail.get("where")
    return min(
        int(detail.get("rows", 0)),
        round(MOST_NEEDED * (part["rows"] / max(1, part["of"]) if part else 1)),
    )


def labels_needed(detail: Mapping[str, Any]) -> int:
    """How many of the newest labels a look at an alert of labels reads: as many as opened it, or as
    show health where there is health.

    >>> labels_needed({"rows": 50, "gap": 0.5}), labels_needed({"rows": 50, "gap": 0.1})
    (375, 1500)
    """
    gap = min(2 * WIDEST_OF_LABELS, float(detail.get("gap") or 0.0)) or 0.05
    return max(int(detail.get("rows", 0)), round(15 / gap**2))


def _by_labels(detail: Mapping[str, Any], labelled: Labelled) -> AlertState:
    needed, gap = int(detail.get("rows", 0)), float(detail.get("gap", 0.0))
    if labelled.rows < max(1, needed):
        return AlertState(True, f"{labelled.rows} of {needed} labels came since")
    share = (labelled.right + 1) / (labelled.rows + 2)
    expected = max(
        labelled.expected, labelled.most
    )  # labels of some classes only may look better than all would
    now = (expected - labelled.right) / labelled.rows
    bound, limit = (
        now + Z * math.sqrt(share * (1 - share) / labelled.rows),
        min(BOUND * gap, WIDEST_OF_LABELS),
    )
    if bound > limit:
        return AlertState(
            True,
            f"{labelled.right} of {labelled.rows} answers were {labelled.found}, where"
            f" {expected:.0f} were expected",
            now > limit,
        )
    return AlertState(
        False,
        f"{labelled.right} of {labelled.rows} answers whose label came back were {labelled.found},"
        f" where {expected:.0f} were expected",
    )


def _by_refusals(detail: Mapping[str, Any], refused: int, rows: int) -> AlertState:
    needed, share = int(detail.get("rows", 0)), float(detail.get("share", 0.0))
    if rows < max(1, needed):
        return AlertState(True, f"{rows} of {needed} rows came since")
    smooth = (refused + 1) / (rows + 2)
    if refused / rows + Z * math.sqrt(smooth * (1 - smooth) / rows) > BOUND * share:
        return AlertState(
            True, f"{refused} of {rows} rows were refused", refused / rows > BOUND * share
        )
    return AlertState(
        False, f"{refused} of the last {rows} rows were refused, where it was {share:.0%}"
    )


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


def closed_by_person(
    alerts: Sequence[Mapping[str, Any]], monitor: str, mark: str, own: Collection[str]
) -> float:
    """When a person last closed an alert of a monitor's inputs; 0 where nobody did.

    Args:
        mark: of the rows that it is about.
        own: alerts that the monitor closed itself.
    """
    closed = (
        a
        for a in alerts
        if a["monitor"] == monitor
        and a["what"] == "drift"
        and a["cleared_at"]
        and a["id"] not in own
    )
    return max(
        (
            float(a["cleared_at"])
            for a in closed
            if a["detail"].get("mark", "") == mark and a["detail"].get("by", "inputs") == "inputs"
        ),
        default=0.0,
    )
