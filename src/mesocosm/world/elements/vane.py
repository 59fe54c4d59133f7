"""A monitor is a weather vane: still while all is well; an open alert is weather of its kind, which
clears when the alert does.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.world.elements.view import View
from mesocosm.world.shown_alert import ShownAlert, read_detail, read_section

WEATHER = {
    "covariate": "wind",
    "unit": "wind",
    "schema": "wind",
    "label": "cloud",
    "concept": "lightning",
}


def vane(name: str, settings: Mapping[str, object], view: View) -> dict[str, object]:
    """What the vane shows."""
    own = [alert for alert in view.alerts if alert["monitor"] == name]
    last = dict(view.watches.get(name, {}))
    if own:
        state, says = "alarm", str(own[0]["message"])
    else:
        state, says = "fine" if last else "unknown", _describe_rest(name, settings)
    return {
        "state": state,
        "says": says,
        "weather": sorted({_weather_of(alert) for alert in own}),
        "facts": {
            "window": read_section(settings, "drift").get("window"),
            "last": last,
            "open": len(own),
        },
    }


def _describe_rest(name: str, settings: Mapping[str, object]) -> str:
    """What a monitor does while nothing is open."""
    says = f"Monitor {name}: watches {settings['service']} every {settings['every']}"
    drift = read_section(settings, "drift")
    if drift:
        says += f", false alarms at most {drift['false_alarms']}"
    return f"{says}; nothing open"


def _weather_of(alert: ShownAlert) -> str:
    kind = str(read_section(read_detail(alert), "verdict").get("kind"))
    if kind in WEATHER:
        return WEATHER[kind]
    return "lightning" if alert["what"] == "surge" else "rain"
