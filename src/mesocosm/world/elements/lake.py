"""A dataset is a lake: level is rows (log), clarity its quality; mills upstream are the steps of
governance, mist lies over private fields.
"""

from __future__ import annotations

import math
from typing import Any

from mesocosm.world.elements.view import View


def lake(name: str, settings: Any, view: View) -> dict[str, Any]:
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
    fields = (found["recipe"] or {}).get("fields") or {}
    fault = view.fault(f"datasets.{name}")
    if fault:
        says += f"; {fault[1]}"
    return {
        "state": ("watch" if fault[0] == "changed" else "alarm") if fault else "fine",
        "level": min(1.0, math.log10(1 + account["kept"]) / 6),
        "clarity": None if fault and fault[0] == "damaged" else quality,
        "says": says,
        "age": max(0.0, (view.now - found["at"]) / 86400),
        "steps": steps(account, found["report"]),
        "private": [f"{n}: {f['private']['by']}" for n, f in fields.items() if f.get("private")],
        "facts": {
            "snapshot": found["id"],
            **account,
            "quality": quality,
            "reasons": found["report"]["reasons"],
            **({"fault": fault[1], "fault_kind": fault[0]} if fault else {}),
        },
    }


def steps(account: dict[str, int], report: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps of governance that did something, in their order.

    >>> steps({"duplicates": 2}, {"reasons": {"age lies outside 1 to 9 (iqr)": 3}, "treated": {"age": {"filled": 4}}})
    [{'name': 'outliers', 'removed': 3}, {'name': 'fill', 'changed': 4}, {'name': 'duplicates', 'removed': 2}]
    """
    removed = {"formats": 0, "outliers": 0, "rules": 0}
    for reason, rows in report.get("reasons", {}).items():
        removed[
            (
                "outliers"
                if " lies outside " in reason
                else "rules"
                if reason.startswith("breaks the rule")
                else "formats"
            )
        ] += rows
    filled = sum(f.get("filled") or 0 for f in report.get("treated", {}).values())
    found: list[dict[str, Any]] = [
        {"name": n, "removed": rows} for n, rows in removed.items() if rows
    ]
    found += [{"name": "fill", "changed": filled}] if filled else []
    return found + (
        [{"name": "duplicates", "removed": account["duplicates"]}]
        if account.get("duplicates")
        else []
    )
