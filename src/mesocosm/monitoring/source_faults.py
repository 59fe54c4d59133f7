"""Faults of a source, by the alerts of a service. Knows the catalog; decides whether a model may be
trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import DiagnosisData, TrainingColumn
from mesocosm.catalog.rows import AlertRow, AuditRow
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.monitoring.drift.feature_tests import Training
from mesocosm.monitoring.drift.source_changes import find_changes

SOURCE = ("unit", "schema", "missing")  # kinds of diagnosis whose remedy is at the source
MOST_LINES = 5000  # of the audit, the newest
LEVEL = 1e-4  # the p-value under which training rows show a fault


def is_source_fault(alert: AlertRow) -> bool:
    """Whether an alert is about a source, found in traffic and not in a drill.

    >>> is_source_fault({"detail": {"verdict": {"kind": "unit"}}})
    True
    >>> is_source_fault({"detail": {"mark": "drill", "verdict": {"kind": "unit"}}})
    False
    """
    detail = alert["detail"]
    return detail.get("verdict", {}).get("kind") in SOURCE and not detail.get("mark")


def faulty_spans(catalog: Catalog, service: str) -> list[tuple[float, float]]:
    """From when to when, in seconds, a source of a service's requests was faulty; infinite while it
    still is.
    """
    spans = []
    for alert in _list_source_faults(catalog, service):
        end = alert["cleared_at"]
        if end is None:
            end = float("inf")
        spans.append((float(alert["detail"].get("since", alert["at"])), end))
    return spans


def refuse_at_fault(catalog: Catalog, service: str) -> None:
    """Refuse to train while a source is faulty: a model trained on such rows is wrong once the
    source is fixed.

    Raises:
        MesocosmError: an alert about a source is open; the audit records it.
    """
    found = [
        a for a in catalog.alerts(open_only=True) if a["service"] == service and is_source_fault(a)
    ]
    if found:
        _refuse(
            catalog,
            service,
            Message(
                "monitoring.alert_blocks_training",
                alert=found[0]["id"],
                why=found[0]["detail"]["verdict"]["why"],
            ),
        )


def refuse_faulty_rows(
    catalog: Catalog,
    service: str,
    training: Training,
    rows: Sequence[Mapping[str, object]],
    units: Mapping[str, str | None],
    at: Sequence[float] = (),
) -> None:
    """Refuse to train where the labelled rows show a fault of a source, alert or not.

    Args:
        training: per field its training distribution.
        rows: cleaned rows to train on.
        at: when each was sent, in seconds; of a field whose alert a person closed, only rows sent
            later are tested.

    Raises:
        MesocosmError: a field of them is missing, recoded or in another unit; the audit records it.
    """
    if not rows:
        return
    known = {n: _without_missing(column) for n, column in training.items() if n in rows[0]}
    closed: Mapping[str, float] = {}
    if at:
        closed = closed_fields(catalog, service)
    live = {name: _values_since(name, rows, at, closed.get(name, -1.0)) for name in known}
    changes = find_changes(known, live, LEVEL, units)
    if changes:
        name = changes[0].field
        remedy = Message("monitoring.fix_or_close", field=name)
        _refuse(
            catalog,
            service,
            Message(
                "monitoring.training_rows_faulty",
                rows=len(live[name]),
                why=changes[0].why,
                remedy=remedy,
            ),
        )


def _without_missing(column: TrainingColumn) -> TrainingColumn:
    """A distribution without its share of missing values, which labelled rows do not show."""
    known = column.copy()
    known.pop("missing", None)
    return known


def _values_since(
    name: str, rows: Sequence[Mapping[str, object]], at: Sequence[float], since: float
) -> list[object]:
    """The values of a field in rows sent after a moment."""
    sent = at or [0.0] * len(rows)
    return [row.get(name) for row, when in zip(rows, sent, strict=True) if when > since]


def closed_fields(catalog: Catalog, service: str) -> dict[str, float]:
    """By field: when a person last closed an alert about its source, in seconds; the audit records
    who closed it.
    """
    lines = [line for line in catalog.audit(MOST_LINES) if line["act"] == "clear"]
    closed: dict[str, float] = {}
    for alert in _list_source_faults(catalog, service):
        at = alert["cleared_at"]
        if at is not None and _is_closed_by_person(alert, at, lines):
            for name in _changed_fields(alert["detail"]["verdict"]):
                closed[name] = max(closed.get(name, 0.0), float(at))
    return closed


def _list_source_faults(catalog: Catalog, service: str) -> list[AlertRow]:
    """The alerts about sources of a service's requests, open or not."""
    alerts = catalog.alerts(most=1000)
    return [a for a in alerts if a["service"] == service and is_source_fault(a)]


def _changed_fields(diagnosis: DiagnosisData) -> list[str]:
    """The fields that a diagnosis names."""
    fields = [diagnosis.get("feature"), *(c.get("feature") for c in diagnosis.get("also", ()))]
    return [str(name) for name in fields if name]


def _is_closed_by_person(alert: AlertRow, at: float, lines: Sequence[AuditRow]) -> bool:
    """Whether the audit line nearest to the end of an alert is a person's, not its monitor's."""
    lines = [line for line in lines if line["what"] == alert["monitor"]]
    nearest = min(lines, key=lambda line: abs(line["at"] - at), default=None)
    if nearest is None or nearest["who"] == alert["monitor"]:
        return False
    return abs(nearest["at"] - at) <= 1


def _refuse(catalog: Catalog, service: str, why: Message) -> None:
    message = Message("monitoring.not_trained", why=why)
    with catalog.transaction() as con:
        catalog.write_audit(con, "retrain", "refuse", service, str(message))
    raise MesocosmError(message)
