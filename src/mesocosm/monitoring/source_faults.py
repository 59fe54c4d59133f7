"""Faults of a source, as the alerts of a service tell them. Knows the catalog; decides whether a
model may be trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.core.errors import Failure
from mesocosm.monitoring.drift.source_changes import find_changes

SOURCE = ("unit", "schema", "missing")  # kinds of diagnosis whose remedy is at the source
MOST_LINES = 5000  # of the audit, the newest
LEVEL = 1e-4  # how unlikely by chance a fault of rows that would teach must be


def is_source_fault(alert: Mapping[str, Any]) -> bool:
    """Whether an alert is of a source, found in traffic and not in a drill.

    >>> is_source_fault({"detail": {"verdict": {"kind": "unit"}}})
    True
    >>> is_source_fault({"detail": {"mark": "drill", "verdict": {"kind": "unit"}}})
    False
    """
    detail = alert["detail"]
    return detail.get("verdict", {}).get("kind") in SOURCE and not detail.get("mark")


def faulty_spans(catalog: Catalog, service: str) -> list[tuple[float, float]]:
    """From when to when, in seconds, a source of a service's requests was at fault; without an end
    while it still is.
    """
    found = [a for a in catalog.alerts(most=1000) if a["service"] == service and is_source_fault(a)]
    return [
        (
            float(a["detail"].get("since", a["at"])),
            a["cleared_at"] if a["cleared_at"] is not None else float("inf"),
        )
        for a in found
    ]


def refuse_at_fault(catalog: Catalog, service: str) -> None:
    """Refuse to train while a source is at fault: what is learnt from such rows is wrong when the
    source is right again.

    Raises:
        Failure: an alert of a source is open; it is written into the audit.
    """
    found = [
        a for a in catalog.alerts(open_only=True) if a["service"] == service and is_source_fault(a)
    ]
    if found:
        _refuse(
            catalog,
            service,
            f"{found[0]['id']} is open ({found[0]['detail']['verdict']['why']}); fix the source, or"
            f" close the alert with a reason: mesocosm close {found[0]['id']} --why REASON",
        )


def refuse_faulty_rows(
    catalog: Catalog,
    service: str,
    training: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    units: Mapping[str, str | None],
    at: Sequence[float] = (),
) -> None:
    """Refuse to train where the labelled rows that would teach show a fault of a source, alert or
    not.

    Args:
        training: per field what its training rows had.
        rows: cleaned rows that would teach.
        at: when each was sent, in seconds; of a field whose alert a person closed, only rows sent
            later are tested.

    Raises:
        Failure: a field of them is missing, recoded or in another unit; it is written into the
            audit.
    """
    known = {
        name: {k: v for k, v in one.items() if k != "missing"}
        for name, one in training.items()
        if any(name in row for row in rows[:1])
    }
    closed = closed_fields(catalog, service) if at else {}
    sent = at or [0.0] * len(rows)
    live = {
        name: [
            row.get(name)
            for row, when in zip(rows, sent, strict=True)
            if when > closed.get(name, -1.0)
        ]
        for name in known
    }
    changes = find_changes(known, live, LEVEL, units)
    if changes:
        name = changes[0].field
        remedy = (
            f"fix the source; where its values are right, close the alert about {name} with a"
            " reason once it is raised: mesocosm close ALERT --why REASON"
        )
        _refuse(
            catalog,
            service,
            f"the {len(live[name])} labelled rows that would teach show a fault of their source:"
            f" {changes[0].why}; {remedy}",
        )


def closed_fields(catalog: Catalog, service: str) -> dict[str, float]:
    """By field: when a person last closed an alert of its source, in seconds; the audit says who
    closed it.
    """
    lines = [line for line in catalog.audit(MOST_LINES) if line["act"] == "clear"]
    found: dict[str, float] = {}
    for alert in catalog.alerts(most=1000):
        if alert["service"] != service or alert["cleared_at"] is None or not is_source_fault(alert):
            continue
        near = min(
            (line for line in lines if line["what"] == alert["monitor"]),
            key=lambda line: abs(line["at"] - alert["cleared_at"]),
            default=None,
        )
        if (
            near is None
            or near["who"] == alert["monitor"]
            or abs(near["at"] - alert["cleared_at"]) > 1
        ):
            continue
        verdict = alert["detail"]["verdict"]
        for name in [
            verdict.get("feature"),
            *(one.get("feature") for one in verdict.get("also", ())),
        ]:
            if name:
                found[str(name)] = max(found.get(str(name), 0.0), float(alert["cleared_at"]))
    return found


def _refuse(catalog: Catalog, service: str, why: str) -> None:
    with catalog.transaction() as con:
        catalog.write_audit(con, "retrain", "refuse", service, f"not trained: {why}")
    raise Failure(f"not trained: {why}")
