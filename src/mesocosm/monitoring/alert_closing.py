"""When an alert closes: on positive evidence of the kind that opened it. Knows shares of rows;
touches nothing.

An alert keeps what it found as probes: shares of rows that differ from training. It closes when as
many rows as it was found in, or more, show each share to be that of the training rows: its upper
bound (99 %, one-sided) lies under half of the gap and under a fixed bound.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mesocosm.catalog.contents import AlertDetail
from mesocosm.catalog.rows import AlertRow, PredictionRow
from mesocosm.core.messages import Message, Text
from mesocosm.monitoring.drift.probes import Probe, Row, load_probes
from mesocosm.monitoring.labels.accuracy_test import Labelled

Z = 2.326  # standard errors of a one-sided bound of 99 %
BOUND = 0.5  # of the gap that was found: what is under it is equivalent to the training rows
MAX_GAP = 0.25  # and under this, so that a fault that became smaller stays open
MAX_LABEL_GAP = 0.1  # the same for labels
LEFT = 0.05  # a gap over this that is proven (99 %) keeps an alert open
MOST_REVIEWED = 5000  # requests that a look at an open alert reads
MOST_NEEDED = MOST_REVIEWED // 2  # rows that may be needed to close one
FEWEST = 20  # rows that have a value of the field


@dataclass(frozen=True)
class Evidence:
    """What there is for or against an open alert.

    Args:
        rows: requests since it was last seen, of the deployed version.
        labelled: predictions whose label was received since it was raised.
        refused: rejected rows, and all rows, since it was raised.
        version: the deployed version.
    """

    rows: Sequence[Row] = ()
    labelled: Labelled = Labelled()
    refused: tuple[int, int] = (0, 0)
    version: str = ""


@dataclass(frozen=True)
class AlertState:
    """Whether an alert stays open, and why; `seen` where its cause is still present."""

    open: bool
    why: Text
    seen: bool = False


def next_state(detail: AlertDetail, evidence: Evidence) -> AlertState:
    """Decide whether an open alert closes.

    Args:
        detail: the alert's, with what opened it: `by` (inputs, labels, refusals), in how many
            `rows`, its `probes` or its `gap`.
    """
    by = detail.get("by", "inputs")
    if by == "labels":
        old = detail.get("version")
        if old and evidence.version and evidence.version != old:
            why = Message("monitoring.version_replaced", new=evidence.version, old=old)
            return AlertState(False, why)
        return _review_labels(detail, evidence.labelled)
    if by == "refusals":
        return _review_rejections(detail, *evidence.refused)
    return _review_inputs(detail, evidence.rows)


@dataclass(frozen=True)
class _Measurement:
    """A probe measured on live rows: whether its cause is seen, and what keeps the alert open."""

    count: int
    seen: bool
    why: Text


def _measure(probe: Probe, rows: Sequence[Row]) -> _Measurement:
    limit = min(BOUND * abs(probe.gap), MAX_GAP)
    gap, error, count = probe.measure(rows)
    toward = gap
    if probe.gap <= 0:
        toward = -gap
    proven = toward - Z * error > 0
    bound = abs(gap) + Z * error
    why: Text = ""
    if bound > limit or (proven and toward > LEFT):
        why = Message(
            "monitoring.still_differs", field=probe.field, gap=toward, bound=bound, limit=limit
        )
    return _Measurement(count, proven and toward > limit, why)


def _review_inputs(detail: AlertDetail, rows: Sequence[Row]) -> AlertState:
    probes = load_probes(detail)
    if not probes and detail.get("unread"):
        return AlertState(False, str(detail["unread"]))
    if not probes:
        return AlertState(True, Message("monitoring.evidence_not_kept"))
    if not rows:
        return AlertState(True, Message("monitoring.no_rows_since"))
    return _review_probes(probes, rows, rows_needed(detail))


def _review_probes(probes: Sequence[Probe], rows: Sequence[Row], needed: int) -> AlertState:
    measured = [_measure(probe, rows) for probe in probes]
    seen = any(m.seen for m in measured)
    fewest = min(m.count for m in measured)
    open_why = _find_open_why(measured, len(rows), fewest, needed)
    if open_why:
        return AlertState(True, open_why, seen)
    names = tuple(dict.fromkeys(p.field for p in probes))
    return AlertState(
        False,
        Message("monitoring.as_in_training", rows=fewest, fields=names, most=MAX_GAP),
    )


def _find_open_why(measured: Sequence[_Measurement], rows: int, fewest: int, needed: int) -> Text:
    """Why an alert of inputs stays open: too few rows, or a share that differs; empty where it is
    over.
    """
    if rows < needed:
        return Message("monitoring.rows_since_seen", rows=rows, needed=needed)
    if fewest < FEWEST:
        return Message("monitoring.rows_since_seen", rows=fewest, needed=needed)
    return next((m.why for m in measured if m.why), "")


def review_inputs(
    detail: AlertDetail, rows: Sequence[Row], newest: int, version: str = ""
) -> AlertState:
    """Decide whether an open alert of inputs closes, by all rows sent since it was last seen, or by
    the newest of them alone, among which none from before its end need be.

    Args:
        rows: those of the part that the alert is of, the newest first.
        newest: how many of them are as many as it was found in.
    """
    state = next_state(detail, Evidence(rows=rows, version=version))
    if state.open and len(rows) > newest > 0:
        by_newest = next_state(detail, Evidence(rows=rows[:newest], version=version))
        if not by_newest.open:
            return by_newest
    return state


def select_part(detail: AlertDetail, logged: Sequence[PredictionRow]) -> list[PredictionRow]:
    """The logged requests of the part that an alert is of, by their cleaned values; all where it is
    of no part.
    """
    part = detail.get("where")
    if not part:
        return list(logged)
    return [row for row in logged if row["input"]["clean"].get(part["field"]) == part["value"]]


def rows_needed(detail: AlertDetail) -> int:
    """How many rows, of the part that an alert of inputs is of, can show that it is over."""
    share, part = 1.0, detail.get("where")
    if part:
        share = part["rows"] / max(1, part["of"])
    return min(int(detail.get("rows", 0)), round(MOST_NEEDED * share))


def labels_needed(detail: AlertDetail) -> int:
    """How many of the newest labels a look at an alert of labels reads: as many as opened it, or as
    show health where there is health.

    >>> labels_needed({"rows": 50, "gap": 0.5}), labels_needed({"rows": 50, "gap": 0.1})
    (375, 1500)
    """
    gap = min(2 * MAX_LABEL_GAP, float(detail.get("gap") or 0.0)) or 0.05
    return max(int(detail.get("rows", 0)), round(15 / gap**2))


def _review_labels(detail: AlertDetail, labelled: Labelled) -> AlertState:
    needed, limit = int(detail.get("rows", 0)), float(detail.get("gap", 0.0))
    limit = min(BOUND * limit, MAX_LABEL_GAP)
    if labelled.rows < max(1, needed):
        return AlertState(
            True, Message("monitoring.labels_since", rows=labelled.rows, needed=needed)
        )
    share = (labelled.right + 1) / (labelled.rows + 2)
    # labels of some classes only may look better than all would
    expected = max(labelled.expected, labelled.most)
    now = (expected - labelled.right) / labelled.rows
    bound = now + Z * math.sqrt(share * (1 - share) / labelled.rows)
    why = Message(
        "monitoring.labelled_predictions",
        right=labelled.right,
        rows=labelled.rows,
        criterion=labelled.criterion,
        expected=expected,
    )
    if bound > limit:
        return AlertState(True, why, now > limit)
    return AlertState(False, why)


def _review_rejections(detail: AlertDetail, rejected: int, rows: int) -> AlertState:
    needed, share = int(detail.get("rows", 0)), float(detail.get("share", 0.0))
    if rows < max(1, needed):
        return AlertState(True, Message("monitoring.rows_since", rows=rows, needed=needed))
    smooth = (rejected + 1) / (rows + 2)
    if rejected / rows + Z * math.sqrt(smooth * (1 - smooth) / rows) > BOUND * share:
        seen = rejected / rows > BOUND * share
        return AlertState(
            True, Message("monitoring.rows_rejected", rejected=rejected, rows=rows), seen
        )
    return AlertState(
        False, Message("monitoring.few_rejected", rejected=rejected, rows=rows, share=share)
    )


def last_closed_by_person(
    alerts: Sequence[AlertRow], monitor: str, mark: str, own: Collection[str]
) -> float:
    """When a person last closed an alert of a monitor's inputs; 0 where none did.

    Args:
        mark: of the rows that it is about.
        own: alerts that the monitor closed itself.
    """

    closed = [
        float(alert["cleared_at"] or 0.0)
        for alert in alerts
        if alert["monitor"] == monitor and alert["id"] not in own and _is_of_inputs(alert, mark)
    ]
    return max(closed, default=0.0)


def _is_of_inputs(alert: AlertRow, mark: str) -> bool:
    """Whether an alert is of the drift of inputs, in rows of a mark."""
    if alert["what"] != "drift" or alert["detail"].get("mark", "") != mark:
        return False
    return alert["detail"].get("by", "inputs") == "inputs"
