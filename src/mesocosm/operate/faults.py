"""Faults of a source, as the alerts of a service tell them. Knows the catalog; decides whether a model may be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.base.errors import Failure
from mesocosm.catalog import Catalog
from mesocosm.operate.drift.changes import find_changes

SOURCE = ("unit", "schema", "missing")  # kinds of diagnosis whose remedy is at the source
LEVEL = 1e-4  # how unlikely by chance a fault of rows that would teach must be


def is_source_fault(alert: Mapping[str, Any]) -> bool:
    """Whether an alert is of a source, found in traffic and not in a drill.

    >>> is_source_fault({"detail": {"verdict": {"kind": "unit"}}}), is_source_fault({"detail": {"mark": "drill", "verdict": {"kind": "unit"}}})
    (True, False)
    """
    detail = alert["detail"]
    return detail.get("verdict", {}).get("kind") in SOURCE and not detail.get("mark")


def faulty_spans(catalog: Catalog, service: str) -> list[tuple[float, float]]:
    """From when to when, in seconds, a source of a service's requests was at fault; without an end while it still is."""
    found = [a for a in catalog.alerts(most=1000) if a["service"] == service and is_source_fault(a)]
    return [(float(a["detail"].get("since", a["at"])), a["cleared_at"] if a["cleared_at"] is not None else float("inf")) for a in found]


def refuse_at_fault(catalog: Catalog, service: str) -> None:
    """Refuse to train while a source is at fault: what is learnt from such rows is wrong when the source is right again.

    Raises:
        Failure: an alert of a source is open; it is written into the audit.
    """
    found = [a for a in catalog.alerts(open_only=True) if a["service"] == service and is_source_fault(a)]
    if found:
        _refuse(catalog, service, f"{found[0]['id']} is open ({found[0]['detail']['verdict']['why']}); fix the source, or close the alert with a reason: mesocosm close {found[0]['id']} --why REASON")


def refuse_faulty_rows(catalog: Catalog, service: str, training: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], units: Mapping[str, str | None]) -> None:
    """Refuse to train where the labelled rows that would teach show a fault of a source, alert or not.

    Args:
        training: per field what its training rows had.
        rows: cleaned rows that would teach.

    Raises:
        Failure: a field of them is missing, recoded or in another unit; it is written into the audit.
    """
    known = {name: {k: v for k, v in one.items() if k != "missing"} for name, one in training.items() if any(name in row for row in rows[:1])}
    changes = find_changes(known, {name: [row.get(name) for row in rows] for name in known}, LEVEL, units)
    if changes:
        _refuse(catalog, service, f"the {len(rows)} labelled rows that would teach show a fault of their source: {changes[0].why}; fix the source")


def _refuse(catalog: Catalog, service: str, why: str) -> None:
    with catalog.transaction() as con:
        catalog.write_audit(con, "retrain", "refuse", service, f"not trained: {why}")
    raise Failure(f"not trained: {why}")
