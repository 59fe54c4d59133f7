"""A dataset is a lake: level is rows (log), clarity its quality."""

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
        f"Dataset {name}: {account['kept']} rows kept of {account['in']}, {account['quarantined']} quarantined, "
        f"{account['duplicates']} duplicates; quality {quality:.2f}"
    )
    return {
        "state": "fine", "level": min(1.0, math.log10(1 + account["kept"]) / 6), "clarity": quality, "says": says,
        "facts": {"snapshot": found["id"], **account, "quality": quality, "reasons": found["report"]["reasons"]},
    }  # fmt: skip
