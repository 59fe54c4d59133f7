"""A monitor is a weather vane: still while all is well; an open alert is weather of its kind, which
clears when the alert does.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    own = [alert for alert in view.alerts if alert["monitor"] == name]
    last = dict(view.watches.get(name, {}))
    drift = settings.get("drift") or {}
    state = "fine" if last else "unknown"
    if own:
        state, says = "alarm", own[0]["message"]
    else:
        says = f"Monitor {name}: watches {settings['service']} every {settings['every']}"
        if drift:
            says += f", false alarms at most {drift['false_alarms']}"
        says += "; nothing open"
    return {
        "state": state,
        "says": says,
        "weather": sorted({_weather_of(alert) for alert in own}),
        "facts": {"window": drift.get("window"), "last": last, "open": len(own)},
    }


def _weather_of(alert: Mapping[str, Any]) -> str:
    verdict = (alert["detail"] or {}).get("verdict") or {}
    kind = str(verdict.get("kind"))
    if kind in WEATHER:
        return WEATHER[kind]
    return "lightning" if alert["what"] == "surge" else "rain"
