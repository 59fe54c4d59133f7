"""When an alert closes: on positive evidence of the kind that opened it. Knows shares of rows;
touches nothing.

An alert keeps what it saw as probes: shares of rows that are not what they were. It closes when as
many rows as it was found in, or more, show each share to be that of the training rows: its upper
bound (99 %, one-sided) lies under half of the gap and under a fixed bound.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesocosm.monitoring.drift.probes import Probe, Row
from mesocosm.monitoring.labels.accuracy_test import Labelled

Z = 2.326  # standard errors of a one-sided bound of 99 %
BOUND = 0.5  # of the gap that was found: what is under it is equivalent to the training rows
WIDEST, WIDEST_OF_LABELS = (
    0.25,
    0.1,
)  # and under these, so that a fault that became smaller stays open
LEFT = 0.05  # a gap over this that is proven (99 %) keeps an alert open
MOST_REVIEWED = 5000  # requests that a look at an open alert reads
MOST_NEEDED = MOST_REVIEWED // 2  # rows that may be needed to close one
FEWEST = 20  # rows that have a value of the field


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
        return _review_labels(detail, evidence.labelled)
    if by == "refusals":
        return _review_rejections(detail, *evidence.refused)
    return _review_inputs(detail, evidence.rows)


def _review_inputs(detail: Mapping[str, Any], rows: Sequence[Row]) -> AlertState:
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


def select_part(detail: Mapping[str, Any], logged: Sequence[Row]) -> list[Row]:
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


def _review_labels(detail: Mapping[str, Any], labelled: Labelled) -> AlertState:
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


def _review_rejections(detail: Mapping[str, Any], refused: int, rows: int) -> AlertState:
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


def last_closed_by_person(
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
