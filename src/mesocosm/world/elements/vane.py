"""A monitor is a weather vane: still while all is well; an open alert is weather of its kind, which
clears when the alert does.
"""

from __future__ import annotations

from typing import Any

from mesocosm.world.elements.view import View

WEATHER = {
    "covariate": "wind",
    "unit": "wind",
    "schema": "wind",
    "label": "cloud",
    "concept": "lightning",
}


def vane(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the vane shows."""
    mine = [a for a in view.alerts if a["monitor"] == name]
    last = dict(view.watches.get(name, {}))
    drift = settings.get("drift") or {}
    rate = f", false alarms at most {drift['false_alarms']}" if drift else ""
    says = (
        mine[0]["message"]
        if mine
        else (
            f"Monitor {name}: watches {settings['watches']} every {settings['every']}{rate};"
            " nothing open"
        )
    )
    state = "alarm" if mine else "fine" if last else "unknown"
    kinds = {
        WEATHER.get(
            str(((a["detail"] or {}).get("verdict") or {}).get("kind")),
            "lightning" if a["what"] == "surge" else "rain",
        )
        for a in mine
    }
    return {
        "state": state,
        "says": says,
        "weather": sorted(kinds),
        "facts": {"window": drift.get("window"), "last": last, "open": len(mine)},
    }
