"""A dataset is a lake: level is rows (log), clarity its quality; mills upstream are the steps of
cleaning, mist lies over private fields.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mesocosm.catalog.contents import SnapshotReport
from mesocosm.core.records import Json
from mesocosm.world.elements.view import View
from mesocosm.world.shown_alert import read_section

# how a lake looks whose file changed or is damaged; any other fault is an alarm
OF_FAULT: Mapping[str, Mapping[str, object]] = {
    "changed": {"state": "watch"},
    "damaged": {"clarity": None},
}


def lake(name: str, settings: Mapping[str, object], view: View) -> dict[str, object]:
    """What the lake shows."""
    del settings
    found = view.catalog.snapshot(dataset=name)
    if not found:
        return {"state": "unknown", "says": f"Dataset {name}: not built yet"}
    account, quality = found["account"], found["report"]["quality"]
    says = (
        f"Dataset {name}: {account['kept']} rows kept of {account['in']}, {account['quarantined']}"
        f" quarantined, {account['duplicates']} duplicates; quality {quality:.2f}"
    )
    facts: dict[str, object] = {
        "snapshot": found["id"],
        **account,
        "quality": quality,
        "reasons": found["report"]["reasons"],
    }
    shown: dict[str, object] = {
        "state": "fine",
        "level": min(1.0, math.log10(1 + account["kept"]) / 6),
        "clarity": quality,
        "says": says,
        "age": max(0.0, (view.now - found["at"]) / 86400),
        "steps": list_steps(account, found["report"]),
        "private": _list_private((found["recipe"] or {}).get("fields") or {}),
        "facts": facts,
    }
    fault = view.fault(f"datasets.{name}")
    if fault:
        kind, sentence = fault
        facts |= {"fault": sentence, "fault_kind": kind}
        shown |= {"says": f"{says}; {sentence}", "state": "alarm"}
        shown |= OF_FAULT.get(kind, {})
    return shown


def _list_private(fields: Mapping[str, Mapping[str, Json]]) -> list[str]:
    """The private fields, each with how it is hidden."""
    private = {name: read_section(field, "private") for name, field in fields.items()}
    return [f"{name}: {_privacy_method(how)}" for name, how in private.items() if how]


def list_steps(account: Mapping[str, object], report: SnapshotReport) -> list[dict[str, object]]:
    """The steps of cleaning that did something, in their order.

    >>> reasons = {"age lies outside 1 to 9 (iqr)": 3}
    >>> steps = list_steps({}, {"reasons": reasons, "treated": {"age": {"filled": 4}}})
    >>> steps
    [{'name': 'outliers', 'removed': 3}, {'name': 'imputation', 'changed': 4}]
    >>> list_steps({"duplicates": 2}, {})
    [{'name': 'duplicates', 'removed': 2}]
    """
    removed = {"formats": 0, "outliers": 0, "rules": 0}
    for reason, rows in report.get("reasons", {}).items():
        removed[_step_of(reason)] += rows
    imputed = sum(field.get("filled") or 0 for field in report.get("treated", {}).values())
    steps: list[dict[str, object]] = [
        {"name": name, "removed": rows} for name, rows in removed.items() if rows
    ]
    if imputed:
        steps.append({"name": "imputation", "changed": imputed})
    if account.get("duplicates"):
        steps.append({"name": "duplicates", "removed": account["duplicates"]})
    return steps


def _step_of(reason: str) -> str:
    """The step that quarantines rows for a reason."""
    if " lies outside " in reason:
        return "outliers"
    if reason.startswith("breaks the rule"):
        return "rules"
    return "formats"


def _privacy_method(private: Mapping[str, object]) -> str:
    """How a field is hidden; snapshots of grammar 1 call it `by`."""
    return str(private.get("method", private.get("by")))
