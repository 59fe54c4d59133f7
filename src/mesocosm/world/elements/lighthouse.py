"""A service is a lighthouse: its beam turns with traffic, its colour is health; two lamps share the
beam while a version comes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.world.elements.view import View


def lighthouse(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the lighthouse shows."""
    del settings
    row = view.catalog.deployment(name)
    figures = dict(view.figures.get(name, {}))
    if not row:
        return {"state": "unknown", "says": f"Service {name}: nothing deployed yet"}
    failing = (figures.get("error_rate") or 0) > 0.01
    version = row["version"] or row["answers"]
    rollout = view.catalog.rollout(name)
    facts = {"version": version, "since": row["at"], "who": row["who"], "why": row["why"]}
    share = None
    if rollout:
        share = min(1.0, float((rollout["detail"] or {}).get("share", 0)) / 100)
        facts["rollout"] = (
            f"{rollout['strategy']} of {rollout['version']}, {100 * share:.0f} % of the requests"
        )
    state = "unknown"
    if failing:
        state = "alarm"
    elif view.alarm(name):
        state = "watch"
    elif figures.get("error_rate") is not None:
        state = "fine"
    return {
        "state": state,
        "traffic": figures.get("rate", 0.0),
        "says": f"Service {name}: {version}, {_describe_traffic(figures)}",
        "share": share,
        "weather": ["rain"] if failing else [],
        "facts": facts | figures | {"answered": view.catalog.counts().get(name, 0)},
    }


def _describe_traffic(figures: Mapping[str, Any]) -> str:
    if not figures:
        said = "not running"
    elif figures.get("error_rate") is None:
        said = "no requests in the last minute"
    else:
        said = f"{figures['rate']:.2f} requests/s"
        if figures.get("p95_ms") is not None:
            said += f", p95 {figures['p95_ms']:.0f} ms"
    refused = figures.get("refused_rate") or 0
    if refused:
        said += f", {refused:.0%} refused (4xx)"
    return said
