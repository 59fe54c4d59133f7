"""What a role that does not own the ecosystem may be shown of it: figures, and no value of a row.

Sentences carry marks (`base.row_values`) and are shown or withheld where an answer leaves the
server. Here are records: what an alert keeps as evidence, and what a report keeps of single rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

VALUES = frozenset(["examples"])  # keys whose values quote rows of sources or of test parts
EXTREMES = VALUES | {"min", "max"}  # of a dataset's figures: an extreme is the value of one row
VERDICT = (
    "kind",
    "harm",
    "remedy",
    "why",
    "feature",
    "change",
    "factor",
    "plus",
    "share",
    "named",
    "fit",
    "labelled",
    "right",
    "expected",
    "weights",
    "changed",
)
OTHER_VERDICT = ("feature", "kind", "why")  # of a diagnosis that was not the first
DETAIL = (
    "by",
    "features",
    "rows",
    "gap",
    "p",
    "share",
    "mark",
    "version",
    "figure",
    "count",
    "seen",
    "usual",
    "group",
)


def remove_values(record: Any, keys: Collection[str] = VALUES) -> Any:
    """A record as JSON-ready data without the entries that quote rows.

    >>> remove_values({"report": {"rows": 3, "examples": {"age": [["4o", "40"]]}}})
    {'report': {'rows': 3}}
    """
    if isinstance(record, dict):
        return {key: remove_values(value, keys) for key, value in record.items() if key not in keys}
    if isinstance(record, (list, tuple)):
        return [remove_values(value, keys) for value in record]
    return record


def show_diagnosis(verdict: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A diagnosis without the values of its evidence."""
    if verdict is None:
        return None
    shown = _pick(verdict, VERDICT)
    others = verdict.get("also")
    if others:
        shown["also"] = [_pick(other, OTHER_VERDICT) for other in others]
    return shown


def _pick(record: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """A record with some keys only."""
    return {key: record[key] for key in keys if key in record}


def show_alert(alert: Mapping[str, Any]) -> dict[str, Any]:
    """An alert without what it keeps of requests: values that were not seen before, probes,
    senders, the part that holds a drift.

    >>> where = {"field": "city", "value": "Bonn"}
    >>> show_alert({"id": "a", "detail": {"rows": 40, "where": where}})
    {'id': 'a', 'detail': {'rows': 40}}
    """
    detail = alert.get("detail") or {}
    shown = _pick(detail, DETAIL)
    if "verdict" in detail:
        shown["verdict"] = show_diagnosis(detail["verdict"])
    return {**alert, "detail": shown}


def show_last_test(last: Mapping[str, Any]) -> dict[str, Any]:
    """What a monitor saw last, without values of requests."""
    shown = dict(last)
    if "verdict" in last:
        shown["verdict"] = show_diagnosis(last["verdict"])
    return shown
