"""Faults of a source, as the alerts of a service tell them. Knows the catalog; decides whether a model may be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.base.errors import Failure
from mesocosm.catalog import Catalog

SOURCE = ("unit", "schema", "missing")  # kinds of diagnosis whose remedy is at the source


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
        why = f"not trained: {found[0]['id']} is open ({found[0]['detail']['verdict']['why']}); fix the source, or close the alert with a reason: mesocosm close {found[0]['id']} --why REASON"
        with catalog.transaction() as con:
            catalog.write_audit(con, "retrain", "refuse", service, why)
        raise Failure(why)
