"""What a role that does not own the ecosystem may be shown of it: figures, and no value of a row.

Sentences carry marks (`base.row_values`) and are shown or withheld where an answer leaves the
server. Here are records: what an alert keeps to judge by, and what a report keeps of single rows.
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


def without_values(record: Any, keys: Collection[str] = VALUES) -> Any:
    """A record as JSON-ready data without the entries that quote rows.

    >>> without_values({"report": {"rows": 3, "examples": {"age": [["4o", "40"]]}}})
    {'report': {'rows': 3}}
    """
    if isinstance(record, dict):
        return {
            key: without_values(value, keys) for key, value in record.items() if key not in keys
        }
    if isinstance(record, (list, tuple)):
        return [without_values(value, keys) for value in record]
    return record


def verdict_shown(verdict: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A diagnosis without the values that it rests on."""
    if verdict is None:
        return None
    also = [
        {k: a[k] for k in ("feature", "kind", "why") if k in a} for a in verdict.get("also", ())
    ]
    return {k: verdict[k] for k in VERDICT if k in verdict} | ({"also": also} if also else {})


def alert_shown(alert: Mapping[str, Any]) -> dict[str, Any]:
    """An alert without what it keeps of requests: values that were not seen before, probes,
    senders, the part that holds a drift.

    >>> alert_shown({"id": "a", "detail": {"rows": 40, "where": {"field": "city", "value": "Bonn"}}})
    {'id': 'a', 'detail': {'rows': 40}}
    """
    detail = alert.get("detail") or {}
    shown = {k: detail[k] for k in DETAIL if k in detail}
    return {
        **alert,
        "detail": (
            shown | ({"verdict": verdict_shown(detail["verdict"])} if "verdict" in detail else {})
        ),
    }


def last_shown(last: Mapping[str, Any]) -> dict[str, Any]:
    """What a monitor saw last, without values of requests."""
    return {**last, **({"verdict": verdict_shown(last["verdict"])} if "verdict" in last else {})}
