"""What a role that does not own the ecosystem may be shown of it: figures, and no value of a row.

Sentences carry marks (`base.row_values`) and are shown or withheld where an answer leaves the
server. Here are records: what an alert keeps as evidence, and what a report keeps of single rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar, cast

from mesocosm.core.values.json_shapes import list_objects, read_object

Data = TypeVar("Data")
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


def remove_values(record: Data, keys: Collection[str] = VALUES) -> Data:
    """A record as JSON-ready data without the entries that quote rows.

    >>> remove_values({"report": {"rows": 3, "examples": {"age": [["4o", "40"]]}}})
    {'report': {'rows': 3}}
    """
    return cast(Data, _without(record, keys))


def _without(value: object, keys: Collection[str]) -> object:
    if isinstance(value, dict):
        return {key: _without(inner, keys) for key, inner in value.items() if key not in keys}
    if isinstance(value, (list, tuple)):
        return [_without(inner, keys) for inner in value]
    return value


def show_diagnosis(verdict: Mapping[str, object] | None) -> dict[str, object] | None:
    """A diagnosis without the values of its evidence."""
    if verdict is None:
        return None
    shown = _pick(verdict, VERDICT)
    others = list_objects(verdict.get("also"))
    if others:
        shown["also"] = [_pick(other, OTHER_VERDICT) for other in others]
    return shown


def _pick(record: Mapping[str, object], keys: Collection[str]) -> dict[str, object]:
    """A record with some keys only."""
    return {key: record[key] for key in keys if key in record}


def show_alert(alert: Mapping[str, object]) -> dict[str, object]:
    """An alert without what it keeps of requests: values that were not seen before, probes,
    senders, the part that holds a drift.

    >>> where = {"field": "city", "value": "Bonn"}
    >>> show_alert({"id": "a", "detail": {"rows": 40, "where": where}})
    {'id': 'a', 'detail': {'rows': 40}}
    """
    detail = read_object(alert.get("detail"))
    shown = _pick(detail, DETAIL)
    if "verdict" in detail:
        shown["verdict"] = _show_found(detail["verdict"])
    return {**alert, "detail": shown}


def show_last_test(last: Mapping[str, object]) -> dict[str, object]:
    """What a monitor saw last, without values of requests."""
    shown = dict(last)
    if "verdict" in last:
        shown["verdict"] = _show_found(last["verdict"])
    return shown


def _show_found(verdict: object) -> dict[str, object] | None:
    """A diagnosis, which there may not be yet, without the values of its evidence."""
    if verdict is None:
        return None
    return show_diagnosis(read_object(verdict))
